using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;

namespace KexecSign.Core.Reports;

/// <summary>What was asked of one key.</summary>
/// <param name="Signer">Subject of its certificate.</param>
/// <param name="Stage">The stage of the bundle; null when nothing new was asked, and of archives, which have none.</param>
/// <param name="Requested">How many signatures are to be made.</param>
/// <param name="Known">How many more were asked for in earlier stages.</param>
public sealed record BundledKey(string Signer, int? Stage, int Requested, int Known);

/// <summary>An operation wrote out what a key elsewhere has to sign, and nothing else.</summary>
/// <param name="Operation">Its name.</param>
/// <param name="Bundle">The bundle, or the archive.</param>
/// <param name="Keys">What was asked of each key.</param>
/// <param name="Next">What to do next.</param>
public sealed record BundledResult(string Operation, string Bundle, ImmutableArray<BundledKey> Keys, string Next) : OperationResult
{
    /// <summary>How it is written as JSON, whatever the operation.</summary>
    public static JsonTypeInfo JsonType => PlannedJson.Default.BundledResult;

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{Bundle}: {Keys.Sum(key => key.Requested)} signature(s) to be made for '{Operation}'; nothing else was written",
        [new("", ["signer", "stage", "to be signed", "asked before"],
            [.. Keys.Select(key => ImmutableArray.Create(key.Signer, key.Stage is { } stage ? $"{stage}" : "-", $"{key.Requested}",
                $"{key.Known}"))])],
        [Next]);
}
