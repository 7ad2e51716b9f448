using KexecSign.Boot.Tests.Tools;

namespace KexecSign.Boot.Tests.Images;

/// <summary>Debian's kernels, which the build downloads into its cache.</summary>
internal static class DebianKernel
{
    /// <summary>Path of the newest one, unsigned and for arm64 if not said; skips the test when there is none.</summary>
    public static string Require(string packages = "linux-image-6.12*-arm64-unsigned_*")
    {
        string? newest = Find(packages);
        Command.Require(newest is not null, $"no {packages} in {Folder()}; './build.sh --target=Test' puts one there");
        return newest!;
    }

    /// <summary>Path of systemd's stub for arm64; skips the test when there is none.</summary>
    public static string RequireStub() => Require("systemd-boot-efi_*_arm64", "usr/lib/systemd/boot/efi/linuxaa64.efi.stub");

    /// <summary>Path of shim for arm64 as Microsoft signed it; skips the test when there is none.</summary>
    public static string RequireShim() => Require("shim-signed_*_arm64", "usr/lib/shim/shimaa64.efi.signed");

    /// <summary>Path of the newest cloud kernel of Linux 7, as Debian signed it; skips the test when there is none.</summary>
    public static string RequireNext(string architecture)
    {
        string packages = $"linux-binary-7.*-cloud-{architecture}_*";
        string? newest = !Directory.Exists(Folder()) ? null : Directory.EnumerateDirectories(Folder(), packages)
            .SelectMany(package => Directory.EnumerateFiles(Path.Combine(package, "usr/lib/modules"), "vmlinuz", SearchOption.AllDirectories))
            .MaxBy(File.GetLastWriteTimeUtc);
        Command.Require(newest is not null, $"no {packages} in {Folder()}; './build.sh --target=Test' puts one there");
        return newest!;
    }

    /// <summary>Path of a file of a package, the newest there is; skips the test when there is none.</summary>
    public static string Require(string packages, string path)
    {
        string? newest = !Directory.Exists(Folder()) ? null : Directory.EnumerateDirectories(Folder(), packages)
            .Select(package => Path.Combine(package, path))
            .Where(File.Exists)
            .MaxBy(File.GetLastWriteTimeUtc);
        Command.Require(newest is not null, $"no {packages} in {Folder()}; './build.sh --target=Test' puts one there");
        return newest!;
    }

    private static string? Find(string packages)
    {
        if (!Directory.Exists(Folder()))
            return null;
        return Directory.EnumerateDirectories(Folder(), packages)
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
