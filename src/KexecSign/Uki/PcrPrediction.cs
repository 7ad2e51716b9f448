using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uki;

namespace KexecSign.Uki;

/// <summary>A value that PCR 11 will have.</summary>
/// <param name="Profile">Number of the profile booted.</param>
/// <param name="Bank">Bank.</param>
/// <param name="Phase">Phases measured by then; a lone colon for none.</param>
/// <param name="Value">The value, lower-case hex.</param>
/// <param name="Reference">What the policy for it is bound to; null for nothing.</param>
public sealed record PcrValue(int Profile, string Bank, string Phase, string Value, string? Reference = null)
{
    /// <summary>The policy that asks for the value, not signed yet.</summary>
    internal PcrSignature Policy(string fingerprint, string? reference) => new(
        Bank, fingerprint, Convert.ToHexStringLower(PcrPolicy.Digest(PcrBank.Named(Bank), Pcr11.Index, Convert.FromHexString(Value))),
        default, reference);
}

/// <summary>
/// Predicts PCR 11. Each section is read once for all banks, and once for all profiles that share it.
/// </summary>
internal sealed class PcrPrediction(ImmutableArray<PcrBank> banks, int stubVersion, RunContext context)
{
    private readonly Dictionary<Layout, ImmutableArray<byte[]>> _digests = [];

    /// <summary>What is to be said of a stub that is newer than what is known here; null for others.</summary>
    public static string? NewerStub(int version) => version > Pcr11.NewestStub
        ? $"systemd-stub {version} is newer than what is known here ({Pcr11.NewestStub}); it may measure more."
        : null;

    /// <summary>SHA-256 of all that was measured, to be held against what is written.</summary>
    public IEnumerable<(Layout Content, string Sha256)> Measured =>
        _digests.Select(pair => (pair.Key, Convert.ToHexStringLower(pair.Value[^1])));

    /// <summary>The values of a boot.</summary>
    /// <param name="effective">What it sees.</param>
    /// <param name="profile">Number of the profile, for the result.</param>
    /// <param name="phases">Phase paths.</param>
    public ImmutableArray<PcrValue> Of(ImmutableArray<UkiPart> effective, int profile, ImmutableArray<string> phases)
    {
        ImmutableArray<UkiPart> measured = Pcr11.Measured(effective, stubVersion);
        var values = ImmutableArray.CreateBuilder<PcrValue>();
        for (int i = 0; i < banks.Length; i++)
        {
            byte[] start = Pcr11.Base(banks[i], measured.Select(part => (part.Name, Digests(part)[i])));
            foreach (string phase in phases)
                values.Add(new(profile, banks[i].Name, phase, Convert.ToHexStringLower(Pcr11.At(banks[i], start, phase))));
        }
        return values.ToImmutable();
    }

    private ImmutableArray<byte[]> Digests(UkiPart part)
    {
        if (!_digests.TryGetValue(part.Content, out ImmutableArray<byte[]> digests))
        {
            using IRunStep step = context.Log.Step($"measure {part.Name}", part.Content.Length);
            HashRequest[] requests = [.. banks.Select(bank => HashRequest.Whole(bank.Hash, part.Content)),
                HashRequest.Whole(HashAlgorithmName.SHA256, part.Content)];
            _digests[part.Content] = digests = LayoutPass.Finish(LayoutPass.Run(part.Content, null, requests, step, context.Cancellation));
        }
        return digests;
    }
}
