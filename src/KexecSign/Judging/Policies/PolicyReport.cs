using System.Collections.Immutable;

namespace KexecSign.Judging.Policies;

/// <summary>What came of a rule.</summary>
/// <param name="Rule">The rule by its place in the policy, for instance <c>signatures.outer.keys</c>.</param>
/// <param name="Holds">Whether the file satisfies it.</param>
/// <param name="Says">What was found, in one sentence.</param>
/// <param name="Code">KS code of a rule that is broken.</param>
public sealed record PolicyFinding(string Rule, bool Holds, string Says, string? Code = null);

/// <summary>What came of a policy.</summary>
/// <param name="File">The policy.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="JudgedSha256">SHA-256 of the file that was judged.</param>
/// <param name="Findings">One for each rule.</param>
public sealed record PolicyReport(string File, string Sha256, string JudgedSha256, ImmutableArray<PolicyFinding> Findings);
