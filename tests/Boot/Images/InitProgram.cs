using KexecSign.Boot.Tests.Tools;

namespace KexecSign.Boot.Tests.Images;

/// <summary>Compiles the initrd's only program.</summary>
internal static class InitProgram
{
    private static readonly string[] Options =
        ["-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-Os", "-Wall", "-Wextra", "-Werror", "-Wl,--build-id=none", "-s"];

    public static string Build(string folder)
    {
        Command.Require("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu");
        string program = Path.Combine(folder, "init"), source = Path.Combine(AppContext.BaseDirectory, "initrd", "init.c");
        (int exit, string output) = Command.Run("aarch64-linux-gnu-gcc", [.. Options, "-o", program, source]);
        exit.ShouldBe(0, output);
        return program;
    }
}
