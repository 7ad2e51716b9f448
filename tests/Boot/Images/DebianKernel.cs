using KexecSign.Boot.Tests.Tools;

namespace KexecSign.Boot.Tests.Images;

/// <summary>Debian's unsigned arm64 kernel, which the build downloads into its cache.</summary>
internal static class DebianKernel
{
    private const string Packages = "linux-image-6.12*-arm64-unsigned_*";

    /// <summary>Path of the newest one; skips the test when there is none.</summary>
    public static string Require()
    {
        string? newest = Find();
        Command.Require(newest is not null, $"no {Packages} in {Folder()}; './build.sh --target=Demo' puts one there");
        return newest!;
    }

    private static string? Find()
    {
        if (!Directory.Exists(Folder()))
            return null;
        return Directory.EnumerateDirectories(Folder(), Packages)
            .Select(package => Path.Combine(package, "boot"))
            .Where(Directory.Exists)
            .SelectMany(boot => Directory.EnumerateFiles(boot, "vmlinuz-*"))
            .MaxBy(File.GetLastWriteTimeUtc);
    }

    /// <summary>The build's cache.</summary>
    public static string Cache => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "kexecsign");

    private static string Folder() => Path.Combine(Cache, "debian");
}
