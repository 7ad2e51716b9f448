using KexecSign.Boot.Tests.Lab;
using KexecSign.Boot.Tests.Tools;

namespace KexecSign.Boot.Tests.Images;

/// <summary>Compiles the initrd's only program.</summary>
internal static class InitProgram
{
    private static readonly string[] Options =
        ["-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-Os", "-Wall", "-Wextra", "-Werror", "-Wl,--build-id=none", "-s"];

    public static string Build(string folder, Board board)
    {
        Command.Require($"{board.Tools}-gcc", $"gcc-{board.Tools}");
        string program = Path.Combine(folder, $"init-{board.Tools}"), source = Path.Combine(AppContext.BaseDirectory, "initrd", "init.c");
        (int exit, string output) = Command.Run($"{board.Tools}-gcc", [.. Options, .. board.CompilerOptions, "-o", program, source]);
        exit.ShouldBe(0, output);
        return program;
    }
}
