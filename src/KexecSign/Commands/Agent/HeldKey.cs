using KexecSign.Core.Errors;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Kinds;

namespace KexecSign.Commands.Agent;

/// <summary>A key that an agent holds, and how often it was used.</summary>
internal sealed class HeldKey(AgentKeyRule rule, ISigningKey key)
{
    private long _used;

    public ISigningKey Key => key;

    /// <summary>The hash that its token takes where it does not take the usual one; empty where it does.</summary>
    public string HashInstead { get; } = key.DefaultHash == key.UsualHash ? "" : HashKind.Of(key.DefaultHash).Word;

    /// <summary>Counts one signature, or refuses it.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3877.</exception>
    public void Take(ContentKind kind, AgentPolicy policy, ref long signed, TimeProvider clock)
    {
        if (!rule.Kinds.Contains(kind))
        {
            throw OperationErrors.AgentPolicyRefused.With(
                $"{key.DisplayName} signs {string.Join(", ", rule.Kinds.Select(k => AgentPolicy.KindNames[(int)k]))} here, and this is "
                    + $"{AgentPolicy.KindNames[(int)kind]}");
        }
        if (policy.Until is { } until && clock.GetUtcNow() > until)
            throw OperationErrors.AgentPolicyRefused.With($"its time ended at {until.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z");
        if (Interlocked.Increment(ref _used) > (rule.Count ?? long.MaxValue))
            throw OperationErrors.AgentPolicyRefused.With($"{key.DisplayName} may sign {rule.Count} time(s), and has");
        if (Interlocked.Increment(ref signed) > (policy.Count ?? long.MaxValue))
        {
            Interlocked.Decrement(ref signed);
            throw OperationErrors.AgentPolicyRefused.With($"{policy.Count} signature(s) are allowed, and were made");
        }
    }
}
