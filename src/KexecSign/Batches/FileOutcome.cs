using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Core;
using KexecSign.Formats.Errors;

namespace KexecSign.Batches;

/// <summary>What became of a file of a batch.</summary>
public enum FileStatus
{
    /// <summary>Signed now.</summary>
    Signed,

    /// <summary>Left as it was: there was nothing to do.</summary>
    Skipped,

    /// <summary>Its signature was taken away.</summary>
    Stripped,

    /// <summary>Its signature holds.</summary>
    Verified,

    /// <summary>Its signature was put in place.</summary>
    Applied,

    /// <summary>Nothing was done to it; code and message say why.</summary>
    Failed,
}

/// <summary>A file of a batch.</summary>
/// <param name="File">The file as it was found.</param>
/// <param name="Status">What became of it.</param>
public record FileOutcome(string File, FileStatus Status)
{
    /// <summary>The outcome of a file that failed.</summary>
    internal static FileOutcome Of(SelectedFile file, KexecSignException refused) =>
        Failing(new FileOutcome(file.Path, FileStatus.Failed), refused);

    /// <summary>An outcome with what a failure says of the file.</summary>
    internal static T Failing<T>(T failed, KexecSignException refused)
        where T : FileOutcome =>
        failed with { Code = refused.Code.Id, Message = refused.In(failed.File).Message, IsTrouble = !Failure.IsAnswer(refused) };

    /// <summary>Exit code of a verification: 4 when a file was refused; 1 when one could not be judged.</summary>
    internal static ExitCode ExitOfVerification(IReadOnlyCollection<FileOutcome> files) =>
        files.All(f => f.Status == FileStatus.Verified) ? ExitCode.Done
        : files.Any(f => f.Status != FileStatus.Verified && !f.IsTrouble) ? ExitCode.VerificationFailed
        : ExitCode.Failed;

    /// <summary>Whether a failure is this machine's and says nothing of the file.</summary>
    [JsonIgnore]
    internal bool IsTrouble { get; init; }

    /// <summary>The file written, if any.</summary>
    public string? Output { get; init; }

    /// <summary>Hash of what is signed, lower-case hex.</summary>
    public string? Digest { get; init; }

    /// <summary>What there is to say about it beside that.</summary>
    public string? Note { get; init; }

    /// <summary>KS code of a failure.</summary>
    public string? Code { get; init; }

    /// <summary>The error line of a failure.</summary>
    public string? Message { get; init; }
}

/// <summary>How a batch is shown to people.</summary>
internal static class BatchView
{
    /// <summary>More rows than these nobody reads.</summary>
    public const int MostRows = 30;

    /// <summary>Failures apart; the rest as rows, unless there are too many for anyone to read.</summary>
    public static ReportView Of(string title, IReadOnlyCollection<FileOutcome> files, params ImmutableArray<string> notes)
    {
        ImmutableArray<FileOutcome> good = [.. files.Where(f => f.Status != FileStatus.Failed)];
        ImmutableArray<FileOutcome> failed = [.. files.Where(f => f.Status == FileStatus.Failed)];
        ReportTable table = files.Count > MostRows
            ? ReportTable.Fields("", [.. good.GroupBy(f => f.Status)
                .Select(g => (g.Key.ToString().ToLowerInvariant(), (string?)$"{g.Count()} file(s); --json names each"))])
            : Rows(good, good.Any(f => f.Note is not null));
        return new(failed.IsEmpty ? title : $"{title}; {failed.Length} failed", table.Rows.IsEmpty ? [] : [table], notes)
        {
            Failures = [.. failed.Select(f => new ReportFailure(f.Code!, f.Message!))],
        };
    }

    private static ReportTable Rows(ImmutableArray<FileOutcome> files, bool noted) => new(
        "", ["file", "status", "digest", .. noted ? ["note"] : ReadOnlySpan<string>.Empty],
        [.. files.Select(f => Row(f, noted))]);

    private static ImmutableArray<string> Row(FileOutcome file, bool noted) =>
        [file.File, file.Status.ToString().ToLowerInvariant(), file.Digest ?? "-", .. noted
            ? [file.Note ?? ""]
            : ReadOnlySpan<string>.Empty];
}
