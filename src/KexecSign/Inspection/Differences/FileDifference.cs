using System.Collections.Immutable;
using KexecSign.Core.Reports;

namespace KexecSign.Inspection.Differences;

/// <summary>What differs.</summary>
public enum DifferenceKind
{
    /// <summary>A field of a header, by its name.</summary>
    HeaderField,

    /// <summary>Bytes of the headers that no field has a name for: DOS stub, linker's own.</summary>
    HeaderBytes,

    /// <summary>A section: its content, its place, or that it is there.</summary>
    Section,

    /// <summary>The compressed kernel of a zboot image.</summary>
    Payload,

    /// <summary>A kexec BPF parser.</summary>
    Parser,

    /// <summary>The version of Linux that a kernel says it is.</summary>
    Version,

    /// <summary>A signature.</summary>
    Signature,

    /// <summary>Size and place of the certificate table.</summary>
    CertificateTable,

    /// <summary>Bytes that belong to nothing else: padding, what no header speaks of, or a file that is no image.</summary>
    Bytes,
}

/// <summary>A place where two files differ.</summary>
/// <param name="Level">Where it is: empty for the file itself, <c>payload</c> for the kernel in a zboot image, <c>.linux</c> for that in a
/// UKI.</param>
/// <param name="Kind">What differs.</param>
/// <param name="What">Its name.</param>
/// <param name="Says">How, in one sentence: what was before, what is now.</param>
public sealed record FileDifference(string Level, DifferenceKind Kind, string What, string Says)
{
    /// <summary>Offset in that level of the first byte that differs; null where that is no one place.</summary>
    public long? Offset { get; init; }

    /// <summary>How many bytes differ; null where bytes are not what is compared.</summary>
    public long? Bytes { get; init; }

    /// <summary>Why, where it can be told.</summary>
    public string? Because { get; init; }
}

/// <summary>How a file differs from another.</summary>
/// <param name="From">The other file, which was there before.</param>
/// <param name="FromSha256">Its SHA-256, lower-case hex.</param>
/// <param name="Sha256">SHA-256 of the file.</param>
/// <param name="Differences">What differs, from the outside in.</param>
public sealed record FileComparison(string From, string FromSha256, string Sha256, ImmutableArray<FileDifference> Differences)
{
    /// <summary>Whether the files have the same bytes.</summary>
    public bool Same => Differences.IsEmpty;

    internal ReportView View(string file) => Same
        ? new($"{From} and {file} are the same", [ReportTable.Fields("", ("sha256", Sha256))], [])
        : new($"{From} and {file} differ in {Differences.Length} place{(Differences.Length == 1 ? "" : "s")}",
            [
                .. Differences.GroupBy(d => d.Level, StringComparer.Ordinal).Select(level => new ReportTable(
                    level.Key.Length == 0 ? "" : $"inside {level.Key}", ["what", "how"],
                    [.. level.Select(d => ImmutableArray.Create($"{Word(d.Kind)}{d.What}", d.Because is null
                        ? d.Says
                        : $"{d.Says}: {d.Because}"))])),
                ReportTable.Fields("", ("sha256 before", FromSha256), ("sha256 now", Sha256)),
            ],
            []);

    private static string Word(DifferenceKind kind) => kind switch
    {
        DifferenceKind.Section => "section ",
        DifferenceKind.HeaderField => "field ",
        DifferenceKind.HeaderBytes or DifferenceKind.Payload or DifferenceKind.Parser or DifferenceKind.Version or DifferenceKind.Signature
            or DifferenceKind.CertificateTable or DifferenceKind.Bytes => "",
        _ => throw new System.Diagnostics.UnreachableException($"{kind}"),
    };
}
