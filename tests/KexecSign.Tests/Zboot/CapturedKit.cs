using KexecSign.Commands.Zboot;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Keys.Keyrings;
using KexecSign.Zboot;

namespace KexecSign.Tests.Zboot;

/// <summary>The kit of Debian's 6.12 for arm64, captured once (40 s) and then taken from the cache.</summary>
public sealed class CapturedKit : IDisposable
{
    private readonly Lock _lock = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-kit-");
    private string? _path;

    /// <summary>A folder that goes with the fixture.</summary>
    public string Folder => _folder.FullName;

    /// <summary>The kit; skips the test when it can neither be found nor made.</summary>
    internal string Require()
    {
        Tool.Require("aarch64-linux-gnu-ld");
        lock (_lock)
            return _path ??= Find();
    }

    /// <summary>Captures the kit anew.</summary>
    internal static void Capture(string kit, string? workFolder, int? jobs)
    {
        Tool.Require("make", "gcc", "aarch64-linux-gnu-gcc", "flex", "bison", "bc", "xz");
        ZbootKitOperation.Definition.Run(
            new ZbootKitOptions
            {
                Source = DebianCache.Require(DebianCache.Source, "linux-source-6.12"),
                Architecture = "arm64",
                Config = DebianCache.Require(DebianCache.Config, "linux-image-6.12*-arm64-unsigned"),
                SourcePackage = DebianCache.Source!.Value.Package,
                WorkFolder = workFolder,
                Jobs = jobs,
                Output = kit,
            },
            Context());
    }

    internal static RunContext Context(string? path = null) => new()
    {
        Keyring = new Keyring(),
        Environment = name => name == "PATH" && path is not null ? path : Environment.GetEnvironmentVariable(name),
    };

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Find()
    {
        string? cached = CachePath;
        if (cached is not null && File.Exists(cached))
            return cached;
        DebianCache.Require(DebianCache.Source, "linux-source-6.12");
        Directory.CreateDirectory(Path.GetDirectoryName(cached!)!);
        Capture(cached!, null, null);
        return cached!;
    }

    private static string? CachePath => DebianCache.Source is { } source
        ? Path.Combine(DebianCache.Root, "kits", $"{source.Package}_arm64_schema{ZbootKitManifest.CurrentSchema}.kit")
        : null;
}

[CollectionDefinition(Name)]
public sealed class CapturedKitCollection : ICollectionFixture<CapturedKit>
{
    public const string Name = "Captured kit";
}
