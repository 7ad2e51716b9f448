using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Serialization;
using KexecSign.Core.Reports;
using KexecSign.Core;
using KexecSign.Inspection.Differences;
using KexecSign.Inspection.Parts;

namespace KexecSign.Inspection;

/// <summary>A section, as numbers.</summary>
/// <param name="Name">Section name.</param>
/// <param name="Offset">File offset.</param>
/// <param name="Size">SizeOfRawData.</param>
/// <param name="Address">RVA.</param>
/// <param name="VirtualSize">Size in memory.</param>
/// <param name="Flags">Characteristics, hex.</param>
public sealed record InspectedSection(string Name, long Offset, long Size, long Address, long VirtualSize, string Flags)
{
    // IMAGE_SCN_MEM_READ, _WRITE and _EXECUTE.
    private const uint Readable = 0x40000000, Writable = 0x80000000, Executable = 0x20000000;

    /// <summary>What code may do with it in memory, as <c>r-x</c>.</summary>
    [JsonIgnore]
    public string Rights => uint.TryParse(Flags.AsSpan(Flags.StartsWith("0x", StringComparison.Ordinal) ? 2 : 0), NumberStyles.HexNumber,
        CultureInfo.InvariantCulture, out uint flags)
        ? $"{((flags & Readable) != 0 ? 'r' : '-')}{((flags & Writable) != 0 ? 'w' : '-')}{((flags & Executable) != 0 ? 'x' : '-')}"
        : Flags;
}

/// <summary>A signature found in the certificate table.</summary>
/// <param name="Index">Position in the table; the kernel reads only 0.</param>
/// <param name="Offset">File offset of its entry.</param>
/// <param name="Size">dwLength.</param>
/// <param name="Digest">Algorithm and the image digest that was signed.</param>
/// <param name="DigestMatches">Whether it is the image's digest.</param>
/// <param name="SignatureHolds">Whether the signature is right by the certificate that travels along; null for ML-DSA where OpenSSL is
/// older than 3.5.</param>
/// <param name="Signer">Subject of that certificate.</param>
/// <param name="Issuer">Its issuer.</param>
/// <param name="Fingerprint">Its SHA-256.</param>
/// <param name="NotAfter">When it expires; neither firmware nor kernel looks at that.</param>
/// <param name="SigningTime">The signing time, if one was written.</param>
public sealed record InspectedSignature(
    int Index, long Offset, long Size, string Digest, bool DigestMatches, bool? SignatureHolds,
    string? Signer, string? Issuer, string? Fingerprint, DateTimeOffset? NotAfter, DateTimeOffset? SigningTime);

/// <summary>A signature inside another one's unsigned attributes. Windows reads it; kernels, shim 16.1 and EDK2 2026.08 do not.</summary>
/// <param name="Index">Its place: <c>0.1</c> is the second in the first signature.</param>
/// <param name="Digest">Algorithm and the image digest that was signed.</param>
/// <param name="DigestMatches">Whether it is the image's digest.</param>
/// <param name="SignatureHolds">As of the others.</param>
/// <param name="Signer">Subject of the signer's certificate.</param>
public sealed record NestedSignature(string Index, string Digest, bool DigestMatches, bool? SignatureHolds, string? Signer);

/// <summary>The payload of a zboot image.</summary>
/// <param name="Compression">Name in the header.</param>
/// <param name="Offset">File offset.</param>
/// <param name="Size">Length, without the 4 bytes that follow all but gzip.</param>
/// <param name="UncompressedSize">What the stub allocates.</param>
public sealed record InspectedPayload(string Compression, long Offset, long Size, long UncompressedSize);

/// <summary>A part of a file that was written out.</summary>
/// <param name="Section">The section that it comes from.</param>
/// <param name="File">Where it is now.</param>
/// <param name="Size">Its length, in bytes.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="Certificates">How many certificates it is; null for a section's bytes.</param>
public sealed record ExtractedPart(string Section, string File, long Size, string Sha256, int? Certificates);

/// <summary>Something that a file tells.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">Its value.</param>
public sealed record InspectedField(string Name, string Value);

/// <summary>What a file was found to be; offsets and sizes in bytes, digests in lower-case hex.</summary>
public sealed record InspectResult : OperationResult
{
    /// <summary>The file.</summary>
    public required string File { get; init; }

    /// <summary>Its length.</summary>
    public required long Size { get; init; }

    /// <summary>What it is, in the field's terms.</summary>
    public required string Kind { get; init; }

    /// <summary>Architecture, where the format tells.</summary>
    public string? Architecture { get; init; }

    /// <summary>The version of Linux that a kernel says it is (uname -r); null for what is none, or says none.</summary>
    public string? LinuxVersion { get; init; }

    /// <summary>image_size of a kernel Image.</summary>
    public long? ImageSize { get; init; }

    /// <summary>Page size an arm64 kernel was built for, in KiB.</summary>
    public int? PageSizeKiB { get; init; }

    /// <summary>SHA-256 Authenticode digest as the kernel and firmware compute it.</summary>
    public string? AuthenticodeSha256 { get; init; }

    /// <summary>
    /// The same with the zeros that a signer puts behind the image: what a signature of it will be over; null when it is the same.
    /// </summary>
    public string? SignedSha256 { get; init; }

    /// <summary>Whether all signers and verifiers compute that digest.</summary>
    public bool? Canonical { get; init; }

    /// <summary>SizeOfHeaders.</summary>
    public long? SizeOfHeaders { get; init; }

    /// <summary>SizeOfImage.</summary>
    public long? SizeOfImage { get; init; }

    /// <summary>The sections in table order.</summary>
    public ImmutableArray<InspectedSection> Sections { get; init; } = [];

    /// <summary>The signatures in table order.</summary>
    public ImmutableArray<InspectedSignature> Signatures { get; init; } = [];

    /// <summary>Signatures inside those, which coming firmware may read.</summary>
    public ImmutableArray<NestedSignature> Nested { get; init; } = [];

    /// <summary>The payload of a zboot image.</summary>
    public InspectedPayload? Payload { get; init; }

    /// <summary>The kernel inside a zboot or unified kernel image.</summary>
    public InspectResult? Inner { get; init; }

    /// <summary>The ABI of a kexec BPF parser in a .bpf section, or of a parser object.</summary>
    public string? ParserAbi { get; init; }

    /// <summary>What a file that is no image tells: a package, an enrolment update, signature lists, PKCS#7, a kit.</summary>
    public ImmutableArray<InspectedField> Fields { get; init; } = [];

    /// <summary>What was written out; null when nothing was asked for.</summary>
    public ExtractedPart? Extracted { get; init; }

    /// <summary>Traps found, as error lines.</summary>
    public ImmutableArray<string> Traps { get; init; } = [];

    /// <summary>What cannot carry an IMA signature of this file.</summary>
    public ImmutableArray<string> ImaNotes { get; init; } = [];

    /// <summary>The whole file in parts, in file order; their sizes add up to its length. Empty for what is no PE image.</summary>
    public ImmutableArray<FilePart> Parts { get; init; } = [];

    /// <summary>What no signature of the image covers.</summary>
    public ImmutableArray<UncoveredRange> Uncovered { get; init; } = [];

    /// <summary>How the file differs from another; null when it was not compared.</summary>
    public FileComparison? Comparison { get; init; }

    /// <summary>Pictures of the file, shown in the place of the tables; empty for none.</summary>
    internal ImmutableArray<ReportTable> Pictured { get; init; } = [];

    /// <summary>What the pictures say, in words.</summary>
    internal ImmutableArray<string> PicturedNotes { get; init; } = [];

    /// <inheritdoc/>
    public override ExitCode Exit => Comparison is { Same: false } ? ExitCode.Failed : ExitCode.Done;

    /// <inheritdoc/>
    public override ReportView View()
    {
        if (Comparison?.View(File) is { } compared)
            return compared with { Tables = [.. compared.Tables, .. Written()] };
        if (!Pictured.IsEmpty)
            return new($"{File}: {Kind}", [.. Pictured, .. Written()], [.. PicturedNotes, .. Traps]);
        var tables = ImmutableArray.CreateBuilder<ReportTable>();
        var traps = ImmutableArray.CreateBuilder<string>();
        string heading = "";
        for (InspectResult? layer = this; layer is not null; layer = layer.Inner)
        {
            layer.AddTables(tables, heading);
            traps.AddRange(layer.Traps);
            // The file's own kind stands in the title.
            heading = layer.Inner is { } inner ? $"{(heading.Length == 0 ? "" : "inside ")}inside: {inner.Kind}" : "";
        }
        return new($"{File}: {Kind}", [.. tables, .. Written()], [.. traps, .. ImaNotes]);
    }

    private IEnumerable<ReportTable> Written() => Extracted is not { } part ? [] :
    [
        ReportTable.Fields("written",
            ("from", part.Section), ("file", part.File), ("size", $"{part.Size}"), ("sha256", part.Sha256),
            ("certificates", part.Certificates?.ToString(CultureInfo.InvariantCulture))),
    ];

    private void AddTables(ImmutableArray<ReportTable>.Builder tables, string heading)
    {
        tables.Add(ReportTable.Fields(heading,
            ("size", $"{Size} (0x{Size:x})"),
            ("architecture", Architecture),
            ("Linux version", LinuxVersion),
            ("image_size", ImageSize is { } size ? $"{size} (0x{size:x})" : null),
            ("page size", PageSizeKiB is { } page ? $"{page} KiB" : null),
            ("SizeOfHeaders", SizeOfHeaders is { } headers ? $"0x{headers:x}" : null),
            ("SizeOfImage", SizeOfImage is { } image ? $"0x{image:x}" : null),
            ("payload", Payload is null
                ? null
                : $"{Payload.Compression}, 0x{Payload.Size:x} bytes at 0x{Payload.Offset:x}, 0x{Payload.UncompressedSize:x} uncompressed"),
            ("parser", ParserAbi),
            ("authenticode sha256", AuthenticodeSha256),
            ("the same, once signed", SignedSha256),
            ("canonical", Canonical is { } canonical ? (canonical ? "yes" : "no") : null)));
        if (!Fields.IsEmpty)
            tables.Add(ReportTable.Fields("contents", [.. Fields.Select(f => (f.Name, (string?)f.Value))]));
        if (!Sections.IsEmpty)
        {
            tables.Add(new("sections", ["name", "offset", "size", "address", "in memory", "rights"],
                [.. Sections.Select(s => ImmutableArray.Create(s.Name, $"0x{s.Offset:x}", $"0x{s.Size:x}", $"0x{s.Address:x}",
                    $"0x{s.VirtualSize:x}", s.Rights))]));
        }
        if (!Signatures.IsEmpty)
        {
            tables.Add(new("signatures", ["#", "signer", "issuer", "digest", "digest matches", "signature holds"],
                [.. Signatures.Select(s => ImmutableArray.Create(
                    $"{s.Index}", s.Signer ?? "not included", s.Issuer ?? "-", s.Digest, s.DigestMatches ? "yes" : "NO",
                        s.SignatureHolds switch { true => "yes", false => "NO", _ => "not judged: ML-DSA needs OpenSSL 3.5" }))]));
        }
        if (!Nested.IsEmpty)
        {
            tables.Add(new("nested signatures (Windows reads them; kernels, shim 16.1 and EDK2 2026.08 do not)",
                ["#", "signer", "digest", "digest matches", "signature holds"],
                [.. Nested.Select(s => ImmutableArray.Create(
                    s.Index, s.Signer ?? "not included", s.Digest, s.DigestMatches ? "yes" : "NO",
                        s.SignatureHolds switch { true => "yes", false => "NO", _ => "not judged: ML-DSA needs OpenSSL 3.5" }))]));
        }
    }
}
