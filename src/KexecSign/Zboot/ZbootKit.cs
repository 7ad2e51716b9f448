using System.Collections.Immutable;
using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Tar;
using KexecSign.Formats.Zboot;

namespace KexecSign.Zboot;

/// <summary>
/// The objects of a kernel's EFI stub, kept so that a zboot image can be linked again when kernel tree and compiler are long
/// gone: an uncompressed tar with <c>manifest.json</c> and three files a compression. Same content, same bytes.
/// </summary>
internal sealed class ZbootKit
{
    /// <summary>Name of the description in the archive.</summary>
    public const string ManifestName = "manifest.json";

    /// <summary>Name of the kernel's configuration in the archive.</summary>
    public const string ConfigurationName = "config";

    // A stub is 100 to 300 KiB; with debug information some MiB.
    private const long MaxLength = 64 << 20;
    private const int MaxEntries = 64;

    private readonly ImmutableDictionary<string, byte[]> _files;

    private ZbootKit(string path, string sha256, ZbootKitManifest manifest, ImmutableDictionary<string, byte[]> files)
    {
        Path = path;
        Sha256 = sha256;
        Manifest = manifest;
        _files = files;
    }

    /// <summary>Where it was opened.</summary>
    public string Path { get; }

    /// <summary>SHA-256 of the kit, lower-case hex.</summary>
    public string Sha256 { get; }

    /// <summary>What it says about itself; checked against its files.</summary>
    public ZbootKitManifest Manifest { get; }

    /// <summary>The architecture's recipe.</summary>
    /// <exception cref="KexecSignException">KS3112.</exception>
    public StubTarget Target => StubTarget.Named(Manifest.Architecture);

    /// <summary>The archive of a kit to be written.</summary>
    /// <param name="manifest">Its description, digests included.</param>
    /// <param name="files">Name in the archive and content of every file that the description names.</param>
    public static Layout Pack(ZbootKitManifest manifest, IEnumerable<(string Path, byte[] Content)> files)
    {
        byte[] json = [.. JsonSerializer.SerializeToUtf8Bytes(manifest, ZbootKitJson.Default.ZbootKitManifest), (byte)'\n'];
        return PaxTar.Write(
            files.OrderBy(f => f.Path, StringComparer.Ordinal).Prepend((Path: ManifestName, Content: json))
                .Select(f => new PaxTarFile(f.Path, 0x1A4, DateTimeOffset.UnixEpoch, Layout.Of(f.Content), [])));
    }

    /// <summary>Whether a file begins as a kit does.</summary>
    public static bool LooksLike(ReadOnlySpan<byte> head) =>
        head.Length >= 512 && head.StartsWith("manifest.json\0"u8) && head[257..].StartsWith("ustar"u8);

    /// <summary>Opens a kit and checks every file in it against the manifest.</summary>
    /// <exception cref="KexecSignException">KS3001, KS3002, KS3102, KS3103, KS3114.</exception>
    public static ZbootKit Open(string path) => Read(WholeFile.Read(path, MaxLength, "a zboot kit"), path);

    /// <summary>The same for a file that is open.</summary>
    /// <exception cref="KexecSignException">KS3102, KS3103, KS3114.</exception>
    public static ZbootKit Read(Layout file, string path) =>
        Read(file.Length <= MaxLength
            ? file.ReadBytes(0, file.Length)
            : throw OperationErrors.TooLargeToBe.With(file.Length, "a zboot kit", MaxLength).In(path), path);

    private static ZbootKit Read(byte[] archive, string path)
    {
        try
        {
            ImmutableDictionary<string, byte[]> files = Entries(archive);
            ZbootKitManifest manifest = ReadManifest(files);
            RequireIntact(manifest, files);
            return new(path, Convert.ToHexStringLower(SHA256.HashData(archive)), manifest, files);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
        catch (Exception broken) when (broken is InvalidDataException or EndOfStreamException or FormatException or JsonException
            or ArgumentException or OverflowException
            // A text in the manifest that is not UTF-8.
            or InvalidOperationException)
        {
            throw OperationErrors.NotAKit.Because(broken, broken is JsonException or InvalidOperationException
                ? $"{ManifestName} cannot be read"
                : "it is no tar archive").In(path);
        }
    }

    /// <summary>The stub for a compression.</summary>
    /// <exception cref="KexecSignException">KS3101.</exception>
    public ZbootKitStub Stub(ZbootCompression compression) =>
        Manifest.Stubs.FirstOrDefault(s => s.Compression == compression)
            ?? throw OperationErrors.KitLacks.With(
                PayloadFormat.Of(compression).Word, string.Join(", ", Manifest.Stubs.Select(s => PayloadFormat.Of(s.Compression).Word)))
                    .In(Path);

    /// <summary>The configuration of the kernel that the stub was made with; null in kits that do not carry it.</summary>
    public byte[]? Configuration => Manifest.ConfigurationFile is { } file ? Content(file) : null;

    /// <summary>Raises an error unless what the linker will be given names nothing outside the kit.</summary>
    /// <exception cref="KexecSignException">KS3757, KS3758.</exception>
    public void RequireSafe(ZbootKitStub stub)
    {
        try
        {
            LinkScript.Require(Content(stub.LinkScript), stub.LinkScript.Path);
            KitObjects.RequireObject(Content(stub.Header), stub.Header.Path, Target.ElfMachine);
            KitObjects.RequireArchive(Content(stub.Library), stub.Library.Path, Target.ElfMachine);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(Path);
        }
    }

    /// <summary>Raises KS3759 unless the kit is one of those that somebody pinned; nothing pinned allows every kit.</summary>
    /// <param name="pinned">SHA-256 of kits, lower-case hex.</param>
    /// <param name="who">Who pinned them, for the message.</param>
    public void RequirePinned(ImmutableArray<string> pinned, string who)
    {
        if (!pinned.IsEmpty && !pinned.Contains(Sha256))
            throw OperationErrors.KitNotPinned.With(Sha256, who, string.Join(", ", pinned)).In(Path);
    }

    /// <summary>A file's content.</summary>
    public byte[] Content(ZbootKitFile file) => _files[file.Path];

    private static ImmutableDictionary<string, byte[]> Entries(byte[] archive)
    {
        var files = ImmutableDictionary.CreateBuilder<string, byte[]>(StringComparer.Ordinal);
        using var reader = new TarReader(new MemoryStream(archive));
        while (reader.GetNextEntry() is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
                throw OperationErrors.NotAKit.With($"{entry.Name} is no regular file");
            if (files.Count == MaxEntries || files.ContainsKey(entry.Name))
                throw OperationErrors.NotAKit.With(files.Count == MaxEntries
                    ? $"it has more than {MaxEntries} files"
                    : $"{entry.Name} is in it twice");
            byte[] content = new byte[Math.Min(entry.Length, archive.Length)];
            entry.DataStream?.ReadExactly(content);
            files.Add(entry.Name, content);
        }
        return files.ToImmutable();
    }

    private static ZbootKitManifest ReadManifest(ImmutableDictionary<string, byte[]> files)
    {
        if (!files.TryGetValue(ManifestName, out byte[]? json))
            throw OperationErrors.NotAKit.With($"{ManifestName} is not in it");
        // The version comes first: a later one may have members that this program would call unknown.
        using (JsonDocument document = JsonDocument.Parse(json))
        {
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("kind", out JsonElement kind) || kind.ValueKind != JsonValueKind.String
                    || kind.GetString() != ZbootKitManifest.ExpectedKind)
                throw OperationErrors.NotAKit.With($"{ManifestName} does not say '{ZbootKitManifest.ExpectedKind}'");
            if (!document.RootElement.TryGetProperty("schema", out JsonElement schema) || schema.ValueKind != JsonValueKind.Number
                || !schema.TryGetInt32(out int version) || version is < 1 or > ZbootKitManifest.CurrentSchema)
                throw OperationErrors.NotAKit.With($"its schema is {schema}, this program reads 1 to {ZbootKitManifest.CurrentSchema}");
        }
        ZbootKitManifest manifest = JsonSerializer.Deserialize(json, ZbootKitJson.Default.ZbootKitManifest)!;
        return manifest.Stubs.IsDefaultOrEmpty ? throw OperationErrors.NotAKit.With("it has no stub") : manifest;
    }

    private static void RequireIntact(ZbootKitManifest manifest, ImmutableDictionary<string, byte[]> files)
    {
        ImmutableArray<ZbootKitFile> named = [.. manifest.Stubs.SelectMany(s => s.Files), .. manifest.ConfigurationFile is { } config
            ? [config]
            : (ZbootKitFile[])[]];
        foreach (ZbootKitFile file in named)
        {
            if (!files.TryGetValue(file.Path, out byte[]? content))
                throw OperationErrors.NotAKit.With($"{file.Path} is not in it");
            string sha256 = Convert.ToHexStringLower(SHA256.HashData(content));
            if (sha256 != file.Sha256 || content.Length != file.Size)
                throw OperationErrors.KitDamaged.With(file.Path, sha256, file.Sha256);
        }
        string? stranger = files.Keys.FirstOrDefault(k => k != ManifestName && !named.Any(f => f.Path == k));
        if (stranger is not null)
            throw OperationErrors.NotAKit.With($"{stranger} is not in its manifest");
    }
}
