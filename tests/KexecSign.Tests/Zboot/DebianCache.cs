using System.Text.RegularExpressions;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Zboot;

/// <summary>Debian's packages as the build unpacks them: <c>debian/PACKAGE_VERSION/...</c> below the cache folder.</summary>
internal static partial class DebianCache
{
    public static string Root { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "kexecsign");

    /// <summary>The kernel source's archive, and the package it is of.</summary>
    public static (string Path, string Package)? Source => Newest(SourcePackage(), "usr/src", "linux-source-*.tar.xz");

    public static (string Path, string Package)? Kernel => Newest(KernelPackage(), "boot", "vmlinuz-*");

    public static (string Path, string Package)? Config => Newest(KernelPackage(), "boot", "config-*");

    public static string Require((string Path, string Package)? file, string what)
    {
        Tool.Demand(file is not null, $"{what} is not unpacked below {Root}/debian; './build.sh --target=Test' fetches it");
        return file!.Value.Path;
    }

    private static (string, string)? Newest(Regex package, string folder, string pattern) => !Directory.Exists(Path.Combine(Root, "debian")) ? null :
        Directory.EnumerateDirectories(Path.Combine(Root, "debian"))
            .Where(d => package.IsMatch(Path.GetFileName(d)) && Directory.Exists(Path.Combine(d, folder)))
            .OrderDescending(Comparer<string>.Create((a, b) => string.CompareOrdinal(Padded(a), Padded(b))))
            .SelectMany(d => Directory.EnumerateFiles(Path.Combine(d, folder), pattern).Select(f => (f, Path.GetFileName(d))))
            .Select(f => ((string, string)?)f)
            .FirstOrDefault();

    private static string Padded(string name) => Digits().Replace(name, m => m.Value.PadLeft(10, '0'));

    [GeneratedRegex(@"^linux-source-6\.12_")]
    private static partial Regex SourcePackage();

    [GeneratedRegex(@"^linux-image-6\.12\.\d+([+~][^-]*)?(-\d+)?-arm64-unsigned_")]
    private static partial Regex KernelPackage();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();
}
