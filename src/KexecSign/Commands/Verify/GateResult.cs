using System.Collections.Immutable;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Reports;
using KexecSign.Judging;
using KexecSign.Judging.Policies;

namespace KexecSign.Commands.Verify;

/// <summary>What a file is to a gate.</summary>
public enum GatedKind
{
    /// <summary>An EFI image: a kernel, a unified kernel image, a boot loader.</summary>
    Image,

    /// <summary>An addon for unified kernel images.</summary>
    Addon,

    /// <summary>A kernel module.</summary>
    Module,

    /// <summary>A package, which is not opened.</summary>
    Package,

    /// <summary>A link that leads elsewhere.</summary>
    Link,
}

/// <summary>A file that a gate judged.</summary>
/// <param name="File">The file as it was found.</param>
/// <param name="Status">Verified, or failed.</param>
/// <param name="Kind">What it is.</param>
public sealed record GatedFile(string File, FileStatus Status, GatedKind Kind) : FileOutcome(File, Status)
{
    /// <summary>What each consumer would do with an image.</summary>
    public ImmutableArray<Verdict> Verdicts { get; init; } = [];

    /// <summary>What came of each rule of the policy.</summary>
    public ImmutableArray<PolicyFinding> Findings { get; init; } = [];
}

/// <summary>Result of <c>gate</c>.</summary>
/// <param name="Files">What was found of each file.</param>
/// <param name="Policy">The policy.</param>
/// <param name="PolicySha256">Its SHA-256.</param>
public sealed record GateResult(ImmutableArray<GatedFile> Files, string Policy, string PolicySha256) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => FileOutcome.ExitOfVerification(Files);

    /// <inheritdoc/>
    public override ReportView View() => BatchView.Of(
        $"{(Exit == ExitCode.Done ? "gate open" : "gate CLOSED")}: {Files.Count(f => f.Status == FileStatus.Verified)} of {Files.Length} "
        + $"file(s) satisfy {Policy}{Kinds()}", Files);

    private string Kinds() => $" ({string.Join(", ", Files.GroupBy(f => f.Kind).OrderBy(g => g.Key)
        .Select(g => $"{g.Count()} {g.Key.ToString().ToLowerInvariant()}(s)"))})";
}
