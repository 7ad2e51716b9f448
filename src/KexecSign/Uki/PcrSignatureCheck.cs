using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Uki;

namespace KexecSign.Uki;

/// <summary>Whether signed policies are for what PCR 11 will be, and hold by the key that travels along.</summary>
internal sealed class PcrSignatureCheck(UkiImage uki, int? stubVersion, RunContext context)
{
    /// <summary>Whatever phases a policy was signed for, it is one of these: systemd measures them in this order.</summary>
    public static ImmutableArray<string> KnownPhases { get; } =
        [BootPhases.None, .. BootPhases.Usual, BootPhases.Usual[^1] + ":shutdown", BootPhases.Usual[^1] + ":shutdown:final", "sysinit",
            "sysinit:ready"];

    /// <summary>What is wrong, as error lines.</summary>
    public IEnumerable<string> Findings()
    {
        if (stubVersion is not { } version || !uki.Base.Concat(uki.Profiles.SelectMany(group => group)).Any(part =>
            part.Name == UkiSections.PcrSignatures))
            return [];
        var prediction = new PcrPrediction(PcrBank.All, version, context);
        return Enumerable.Range(0, Math.Max(1, uki.Profiles.Length)).SelectMany(i => Of(uki.Effective(i), i, prediction)).Distinct();
    }

    private static IEnumerable<string> Of(ImmutableArray<UkiPart> effective, int profile, PcrPrediction prediction)
    {
        ImmutableArray<PcrSignature> signatures = In(effective);
        return signatures.IsEmpty ? [] : Of(signatures, KeyOf(effective), prediction.Of(effective, profile, KnownPhases));
    }

    /// <summary>How many signed policies a boot finds.</summary>
    public static int SignedIn(ImmutableArray<UkiPart> effective) => In(effective).Count(s => !s.Signature.IsEmpty);

    private static ImmutableArray<PcrSignature> In(ImmutableArray<UkiPart> effective)
    {
        if (effective.FirstOrDefault(part => part.Name == UkiSections.PcrSignatures) is not { } section)
            return [];
        try
        {
            return PcrSignatures.Read(section.Content.ReadBytes(0, Math.Min(section.Content.Length, PcrSignatures.MaxLength)));
        }
        // Already told of, as the content of its section.
        catch (KexecSignException)
        {
            return [];
        }
    }

    private static IEnumerable<string> Of(ImmutableArray<PcrSignature> signatures, byte[]? key, ImmutableArray<PcrValue> values)
    {
        foreach (IGrouping<string, PcrSignature> bank in signatures.GroupBy(s => s.Bank))
        {
            var right = values.Where(v => v.Bank == bank.Key).Select(v => v.Policy("", null).Policy).ToHashSet();
            if (!bank.Any(s => right.Contains(s.Policy)))
                yield return VerifyErrors.UkiPcrSignaturesStale.With(bank.Count(), bank.Key, string.Join(' ', KnownPhases)).Message;
            if (bank.Count(s => s.Signature.IsEmpty) is > 0 and int unsigned)
                yield return VerifyErrors.UkiPcrUnsigned.With(unsigned, bank.Key).Message;
            foreach (string finding in key is null ? [] : WithKey([.. bank.Where(s => !s.Signature.IsEmpty)], key))
                yield return finding;
        }
    }

    // With several keys ukify signs so on purpose; that nobody checked those signatures is to be known all the same.
    private static IEnumerable<string> WithKey(ImmutableArray<PcrSignature> bank, byte[] key)
    {
        string fingerprint = PcrPublicKey.Fingerprint(key);
        foreach (IGrouping<string, PcrSignature> strangers in bank.Where(s => s.KeyFingerprint != fingerprint)
            .GroupBy(s => s.KeyFingerprint))
            yield return VerifyErrors.UkiPcrKeyDiffers.With(strangers.Key, strangers.Count(), strangers.First().Bank, fingerprint).Message;
        foreach (PcrSignature wrong in bank.Where(s => s.KeyFingerprint == fingerprint && !Holds(key, s)))
            yield return VerifyErrors.UkiPcrSignatureWrong.With(wrong.Policy, wrong.Bank, wrong.Reference ?? "none").Message;
    }

    /// <summary>Whether a signature holds by a key, for the policy and what it is bound to.</summary>
    public static bool Holds(byte[] key, PcrSignature signature) =>
        signature.Policy.Length == 64 && signature.Policy.All(char.IsAsciiHexDigit)
            && PcrPublicKey.Holds(key, PolicyReference.Bind(Convert.FromHexString(signature.Policy), signature.Reference),
                signature.Signature.Span);

    /// <summary>The key in .pcrpkey, DER; null when there is none.</summary>
    public static byte[]? KeyOf(ImmutableArray<UkiPart> effective) =>
        effective.FirstOrDefault(part => part.Name == UkiSections.PcrKey) is { } key
            ? PcrPublicKey.Der(key.Content.ReadBytes(0, Math.Min(64 * 1024, key.Content.Length)))
            : null;
}
