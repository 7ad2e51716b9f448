using KexecSign.Boot.Tests.Tools;
using KexecSign.Zboot;

namespace KexecSign.Boot.Tests.Images;

/// <summary>The zboot kits that the build captures into its cache.</summary>
internal static class StubKit
{
    /// <summary>Path of the newest one, of 6.12 if not said; skips the test when there is none.</summary>
    public static string Require(string pattern = "linux-source-6.12_*_arm64_*.kit")
    {
        string folder = Path.Combine(DebianKernel.Cache, "kits");
        // Versions of this program that write kits in another way share the cache.
        string ours = $"_schema{ZbootKitManifest.CurrentSchema}.kit";
        string? newest = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, pattern).Where(kit => kit.EndsWith(ours, StringComparison.Ordinal)).MaxBy(File.GetLastWriteTimeUtc)
            : null;
        Command.Require(newest is not null, $"no {pattern} in {folder}; './build.sh --target=Test' puts one there");
        return newest!;
    }
}
