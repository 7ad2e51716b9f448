using KexecSign.Formats.Vocabulary;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Rpm;

/// <summary>A file of an RPM package.</summary>
/// <param name="Path">Where it is installed.</param>
/// <param name="Digest">Hash of its content; empty for what has none: folders, links, ghosts.</param>
/// <param name="ImaSignature">The security.ima value that rpm's ima plugin sets; empty for none.</param>
public sealed record RpmFile(string Path, ReadOnlyMemory<byte> Digest, ReadOnlyMemory<byte> ImaSignature);

/// <summary>A digest that a package has of a part of itself.</summary>
/// <param name="Name">What it is of, for a message.</param>
/// <param name="OfHeader">Whether it covers the main header.</param>
/// <param name="OfPayload">Whether it covers the payload.</param>
/// <param name="Hash">Hash algorithm.</param>
/// <param name="Expected">What the package says, hex.</param>
/// <param name="Covered">The bytes.</param>
public sealed record RpmDigest(string Name, bool OfHeader, bool OfPayload, HashAlgorithmName Hash, string Expected, Layout Covered);

/// <summary>
/// An RPM package: a lead of 96 bytes, the signature header padded to 8 bytes, the main header, the payload. IMA signatures of the files
/// stand in the signature header, so that putting them there leaves digests and OpenPGP signatures of main header and payload as they are.
/// </summary>
public sealed record RpmPackage
{
    private const int LeadSize = 96;
    private const int FileSignatures = 274, FileSignatureLength = 275, HeaderSha256 = 273, ReservedSpace = 1008;
    private const int FileDigests = 1035, DirectoryIndexes = 1116, BaseNames = 1117, OldFileNames = 1027, DirectoryNames = 1118,
        FileDigestAlgorithm = 5011;

    // RPMSIGTAG_SHA1, RPMSIGTAG_MD5, RPMTAG_PAYLOADSHA256 (PAYLOADDIGEST before rpm 6) and its algorithm, of rpm's include/rpm/rpmtag.h.
    private const int HeaderSha1 = 269, BodyMd5 = 1004, PayloadDigest = 5092, PayloadDigestAlgorithm = 5093, PayloadCompressor = 1125,
        Sha256Id = 8;

    private readonly Layout _file;
    private readonly RpmHeader _signatures;
    private readonly RpmHeader _header;
    private readonly long _main;

    private RpmPackage(Layout file, RpmHeader signatures, RpmHeader header, long main, HashAlgorithmName hash,
        ImmutableArray<RpmFile> files)
    {
        _file = file;
        _signatures = signatures;
        _header = header;
        _main = main;
        Hash = hash;
        Files = files;
    }

    /// <summary>Hash of the files' digests.</summary>
    public HashAlgorithmName Hash { get; }

    /// <summary>The files in the header's order.</summary>
    public ImmutableArray<RpmFile> Files { get; }

    /// <summary>Whether there are IMA signatures in the package.</summary>
    public bool IsSigned => Files.Any(f => !f.ImaSignature.IsEmpty);

    /// <summary>Main header and payload, which signing leaves as they are.</summary>
    public Layout Body => _file.Slice(_main, _file.Length - _main);

    /// <summary>The payload, as it is packed.</summary>
    public Layout Payload => Body.Slice(_header.Bytes.Length, Body.Length - _header.Bytes.Length);

    /// <summary>How the payload is packed, RPMTAG_PAYLOADCOMPRESSOR: <c>gzip</c>, <c>xz</c>, <c>zstd</c> and others; null for unsaid.</summary>
    public string? PayloadCompression => _header.Texts(PayloadCompressor) is [var said, ..] ? said : null;

    /// <summary>
    /// What the package says of its own parts: the header by SHA-256, or by SHA-1 where it is older than rpm 4.14; the payload by the main
    /// header, or both by MD5. Whoever takes the main header's word holds these first, as 'rpm -K' does.
    /// </summary>
    public ImmutableArray<RpmDigest> Digests
    {
        get
        {
            var digests = ImmutableArray.CreateBuilder<RpmDigest>();
            Layout header = _file.Slice(_main, _header.Bytes.Length);
            if (_signatures.Texts(HeaderSha256) is [var sha256])
                digests.Add(new("main header", true, false, HashAlgorithmName.SHA256, sha256, header));
            else if (_signatures.Texts(HeaderSha1) is [var sha1])
                digests.Add(new("main header", true, false, HashAlgorithmName.SHA1, sha1, header));
            int algorithm = _header.Numbers(PayloadDigestAlgorithm) is [var number, ..] ? number : Sha256Id;
            if (_header.Texts(PayloadDigest) is [var said, ..] && HashOf(algorithm) is { } hash)
                digests.Add(new("payload", false, true, hash, said, Payload));
            if (!(digests.Any(d => d.OfHeader) && digests.Any(d => d.OfPayload)) && _signatures[BodyMd5] is { Type: RpmType.Binary } md5)
                digests.Add(new("main header and payload", true, true, HashAlgorithmName.MD5, Convert.ToHexStringLower(md5.Data.Span),
                    Body));
            return digests.ToImmutable();
        }
    }

    /// <summary>Reads a package. The main header is held against the digest that the signature header has of it.</summary>
    /// <exception cref="KexecSignException">KS1801-KS1804.</exception>
    public static RpmPackage Read(Layout file)
    {
        if (file.Length < LeadSize || !file.ReadBytes(0, 4).AsSpan().SequenceEqual((ReadOnlySpan<byte>)[0xED, 0xAB, 0xEE, 0xDB]))
            throw FormatErrors.NotRpm.With(0, "the lead's magic edabeedb");
        var signatures = RpmHeader.Read(file, LeadSize, "signature");
        long main = Alignment.Up(LeadSize + signatures.Bytes.Length, 8);
        var header = RpmHeader.Read(file, main, "main");
        RequireDigest(header, signatures.Texts(HeaderSha256));
        ImmutableArray<string> digests = header.Texts(FileDigests), names = header.Texts(BaseNames), folders = header.Texts(DirectoryNames);
        ImmutableArray<int> folderOf = header.Numbers(DirectoryIndexes);
        int algorithm = header.Numbers(FileDigestAlgorithm) is [var number, ..] ? number : 1;
        // Meta packages have no files, and then none of the tags that tell of them.
        if (names.IsEmpty && digests.IsEmpty && folderOf.IsEmpty && header.Texts(OldFileNames).IsEmpty)
            return new(file, signatures, header, main, HashAlgorithmName.SHA256, []);
        if (names.IsEmpty || digests.Length != names.Length || folderOf.Length != names.Length || HashOf(algorithm) is not { } hash)
            throw FormatErrors.RpmFileDigests.With(names.Length, digests.Length, algorithm);
        ImmutableArray<string> values = signatures.Texts(FileSignatures);
        if (!values.IsEmpty && values.Length != names.Length)
            throw FormatErrors.RpmHeader.With("signature", LeadSize, $"it has {values.Length} file signatures for {names.Length} files");
        return new(file, signatures, header, main, hash,
        [
            .. names.Select((name, i) => new RpmFile(
                folderOf[i] >= 0 && folderOf[i] < folders.Length
                    ? folders[folderOf[i]] + name
                    : throw FormatErrors.RpmHeader.With("main", main, $"file {i} lies in folder {folderOf[i]} of {folders.Length}"),
                Bytes(digests[i], main, "main"), values.IsEmpty ? default : Bytes(values[i], LeadSize, "signature"))),
        ]);
    }

    /// <summary>The package with these security.ima values, one for each file in order; empty ones for files that have none.</summary>
    public Layout With(ImmutableArray<ReadOnlyMemory<byte>> values)
    {
        using var texts = new MemoryStream();
        foreach (ReadOnlyMemory<byte> value in values)
        {
            texts.Write(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(value.Span)));
            texts.WriteByte(0);
        }
        if (values.Length != Files.Length)
            throw new ArgumentException($"{values.Length} values for {Files.Length} files", nameof(values));
        if (values.IsEmpty)
            return _file;
        byte[] longest = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(longest, values.Max(v => v.Length));
        // The room that rpm keeps for later signatures would have to shrink by what is put in; it goes, as with rpmsign.
        byte[] header = RpmHeader.EncodeSignature(
        [
            .. _signatures.Entries.Where(e => e.Tag is not (FileSignatures or FileSignatureLength or ReservedSpace)),
            new(FileSignatures, RpmType.TextArray, values.Length, texts.ToArray()),
            new(FileSignatureLength, RpmType.Int32, 1, longest),
        ]);
        return _file.Slice(0, LeadSize).Append(header).AlignTo(8).Append(Body);
    }

    private static void RequireDigest(RpmHeader header, ImmutableArray<string> said)
    {
        string actual = Convert.ToHexStringLower(SHA256.HashData(header.Bytes.Span));
        if (said is [var expected] && !expected.Equals(actual, StringComparison.OrdinalIgnoreCase))
            throw FormatErrors.RpmHeaderDigest.With(actual, expected);
    }

    private static byte[] Bytes(string hex, long at, string name)
    {
        try
        {
            return Convert.FromHexString(hex);
        }
        catch (FormatException)
        {
            throw FormatErrors.RpmHeader.With(name, at, "a digest or signature is not hex");
        }
    }

    private static HashAlgorithmName? HashOf(int algorithm) => HashKind.All.FirstOrDefault(hash => hash.RpmId == algorithm)?.Name;
}
