using KexecSign.Boot.Tests.Tools;

namespace KexecSign.Boot.Tests.Images;

/// <summary>The zboot kit that the build captures into its cache.</summary>
internal static class StubKit
{
    /// <summary>Path of the newest one; skips the test when there is none.</summary>
    public static string Require()
    {
        string folder = Path.Combine(DebianKernel.Cache, "kits");
        string? newest = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.kit").MaxBy(File.GetLastWriteTimeUtc) : null;
        Command.Require(newest is not null, $"no kit in {folder}; './build.sh --target=Demo' puts one there");
        return newest!;
    }
}
