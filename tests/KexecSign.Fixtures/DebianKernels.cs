using System.Text.RegularExpressions;

namespace KexecSign.Fixtures;

/// <summary>A kernel from a Debian package.</summary>
/// <param name="Path">The vmlinuz.</param>
/// <param name="Version">Package version, for instance <c>6.12.117-1~deb12u1</c>.</param>
public sealed record DebianKernel(string Path, string Version);

/// <summary>Debian's arm64 kernels that <c>build/debian-kernels.sh</c> left in the cache; a test without them is skipped.</summary>
public static partial class DebianKernels
{
    /// <summary>The unsigned Image of linux-image-6.12*-arm64-unsigned.</summary>
    public static DebianKernel Unsigned() => Newest(UnsignedName(), "image");

    /// <summary>The same kernel as Debian signed it; null when the cache has another version of it.</summary>
    public static DebianKernel Signed() => Newest(SignedName(), "signed");

    /// <summary>The unsigned Image of the cloud flavour.</summary>
    public static DebianKernel Cloud() => Newest(CloudName(), "cloud");

    /// <summary>The zboot kit that was captured from linux-source-6.12 for arm64.</summary>
    public static string Kit()
    {
        string kits = System.IO.Path.Combine(Cache, "kits");
        string? newest = Directory.Exists(kits) ? Directory.GetFiles(kits, "linux-source-6.12_*_arm64_schema*.kit").MaxBy(System.IO.File.GetLastWriteTimeUtc) : null;
        Tool.Demand(newest is not null, $"no kit in {kits}; './build.sh --target=Test' puts one there");
        return newest!;
    }

    /// <summary>Where the build keeps what it fetched.</summary>
    public static string Cache => System.IO.Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
            ? set
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "kexecsign");

    private static DebianKernel Newest(Regex name, string kind)
    {
        string debian = System.IO.Path.Combine(Cache, "debian");
        DebianKernel? newest = !Directory.Exists(debian)
            ? null
            : Directory.GetDirectories(debian)
                .Where(folder => name.IsMatch(System.IO.Path.GetFileName(folder)) && Directory.Exists(System.IO.Path.Combine(folder, "boot")))
                .Order(StringComparer.Ordinal)
                .SelectMany(folder => Directory.GetFiles(System.IO.Path.Combine(folder, "boot"), "vmlinuz-*")
                    .Select(file => new DebianKernel(file, System.IO.Path.GetFileName(folder).Split('_')[1])))
                .LastOrDefault();
        Tool.Demand(newest is not null, $"no such Debian kernel in {debian}; 'build/debian-kernels.sh {System.IO.Path.GetDirectoryName(debian)} {kind}' fetches it");
        return newest!;
    }

    [GeneratedRegex(@"^linux-image-6\.12\.[0-9]+[^-]*-arm64-unsigned_")]
    private static partial Regex UnsignedName();

    [GeneratedRegex(@"^linux-image-6\.12\.[0-9]+[^-]*-arm64_")]
    private static partial Regex SignedName();

    [GeneratedRegex(@"^linux-image-6\.12\.[0-9]+[^-]*-cloud-arm64-unsigned_")]
    private static partial Regex CloudName();
}
