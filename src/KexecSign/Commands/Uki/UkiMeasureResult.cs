using System.Collections.Immutable;
using KexecSign.Core.Reports;
using KexecSign.Core.Operations;
using KexecSign.Uki;

namespace KexecSign.Commands.Uki;

/// <summary>Options of <c>uki measure</c>.</summary>
public sealed record UkiMeasureOptions
{
    /// <summary>The image.</summary>
    public string File { get; init; } = "";

    /// <summary>Banks, phases, the stub's version, and what policies are bound to.</summary>
    public PcrSigningOptions Pcr { get; init; } = new();

    /// <summary>Where policies go that are to be signed elsewhere; null for nowhere.</summary>
    public string? PolicyDigest { get; init; }
}

/// <summary>A policy that is to be signed.</summary>
/// <param name="Profile">Number of the profile booted.</param>
/// <param name="Bank">Bank.</param>
/// <param name="Phase">Phases measured by then.</param>
/// <param name="Reference">What it is bound to; null for nothing.</param>
/// <param name="Policy">Its digest, lower-case hex.</param>
/// <param name="ToBeSigned">The bytes that the signature is over, lower-case hex.</param>
public sealed record PcrPolicyDigest(int Profile, string Bank, string Phase, string? Reference, string Policy, string ToBeSigned);

/// <summary>Result of <c>uki measure</c>.</summary>
/// <param name="File">The image.</param>
/// <param name="StubVersion">The systemd version whose measurements these are.</param>
/// <param name="Measured">Names of the sections that are measured, in that order; those of profile 0.</param>
/// <param name="Pcrs">The values.</param>
/// <param name="Policies">The policies that were written to be signed.</param>
/// <param name="Notes">What the values do not cover.</param>
public sealed record UkiMeasureResult(
    string File, int StubVersion, ImmutableArray<string> Measured, ImmutableArray<PcrValue> Pcrs, ImmutableArray<PcrPolicyDigest> Policies,
    ImmutableArray<string> Notes) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{File}: PCR 11 as systemd-stub {StubVersion} measures {string.Join(' ', Measured)}",
        [
            new("", ["profile", "bank", "phase", "value"],
                [.. Pcrs.Select(p => ImmutableArray.Create($"{p.Profile}", p.Bank, p.Phase, p.Value))]),
            .. Policies.IsEmpty ? ImmutableArray<ReportTable>.Empty : [Table()],
        ],
        Notes);

    private ReportTable Table() => new("policies to be signed", ["profile", "bank", "phase", "reference", "policy"],
        [.. Policies.Select(p => ImmutableArray.Create($"{p.Profile}", p.Bank, p.Phase, p.Reference ?? "", p.Policy))]);
}
