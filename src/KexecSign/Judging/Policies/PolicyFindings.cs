using System.Collections.Immutable;
using KexecSign.Formats.Errors;

namespace KexecSign.Judging.Policies;

/// <summary>What came of the rules so far, in the order in which they were judged.</summary>
internal sealed class PolicyFindings
{
    private readonly ImmutableArray<PolicyFinding>.Builder _findings = ImmutableArray.CreateBuilder<PolicyFinding>();

    /// <summary>Whether no rule was judged.</summary>
    public bool IsEmpty => _findings.Count == 0;

    /// <summary>All of them.</summary>
    public ImmutableArray<PolicyFinding> All => _findings.ToImmutable();

    /// <summary>A rule that was judged.</summary>
    public void Judge(string rule, ErrorCode code, bool holds, string says)
    {
        if (holds)
            Holds(rule, says);
        else
            Broken(rule, code, says);
    }

    /// <summary>A rule that holds.</summary>
    public void Holds(string rule, string says) => _findings.Add(new(rule, true, says));

    /// <summary>A rule that is broken.</summary>
    public void Broken(string rule, ErrorCode code, string says) => _findings.Add(new(rule, false, says, code.Id));
}
