using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Uki;

namespace KexecSign.Uki;

/// <summary>Whether signed policies are for what PCR 11 will be, and hold by the key that travels along.</summary>
internal sealed class PcrSignatureCheck(UkiImage uki, int? stubVersion, RunContext context)
{
    // Whatever phases a policy was signed for, it is one of these: systemd measures them in this order.
    private static readonly ImmutableArray<string> Known =
        [BootPhases.None, .. BootPhases.Usual, BootPhases.Usual[^1] + ":shutdown", BootPhases.Usual[^1] + ":shutdown:final", "sysinit", "sysinit:ready"];

    /// <summary>What is wrong, as error lines.</summary>
    public IEnumerable<string> Findings()
    {
        if (stubVersion is not { } version || !uki.Base.Concat(uki.Profiles.SelectMany(group => group)).Any(part => part.Name == UkiSections.PcrSignatures))
            return [];
        var prediction = new PcrPrediction(PcrBank.All, version, context);
        return Enumerable.Range(0, Math.Max(1, uki.Profiles.Length)).SelectMany(i => Of(uki.Effective(i), i, prediction)).Distinct();
    }

    private static IEnumerable<string> Of(ImmutableArray<UkiPart> effective, int profile, PcrPrediction prediction)
    {
        if (effective.FirstOrDefault(part => part.Name == UkiSections.PcrSignatures) is not { } section)
            return [];
        try
        {
            ImmutableArray<PcrSignature> signatures = PcrSignatures.Read(section.Content.ReadBytes(0, Math.Min(section.Content.Length, PcrSignatures.MaxLength)));
            return Of(signatures, Key(effective), prediction.Of(effective, profile, Known));
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
            var right = values.Where(v => v.Bank == bank.Key)
                .Select(v => Convert.ToHexStringLower(PcrPolicy.Digest(PcrBank.Named(v.Bank), Pcr11.Index, Convert.FromHexString(v.Value)))).ToHashSet();
            if (!bank.Any(s => right.Contains(s.Policy)))
                yield return VerifyErrors.UkiPcrSignaturesStale.With(bank.Count(), bank.Key, string.Join(' ', Known)).Message;
            if (key is null)
                continue;
            string fingerprint = PcrPublicKey.Fingerprint(key);
            foreach (PcrSignature signature in bank)
            {
                if (signature.KeyFingerprint != fingerprint)
                    yield return VerifyErrors.UkiPcrKeyDiffers.With(signature.KeyFingerprint, fingerprint).Message;
                else if (!Holds(key, signature))
                    yield return VerifyErrors.UkiPcrSignatureWrong.With(signature.Policy, signature.Bank).Message;
            }
        }
    }

    private static bool Holds(byte[] key, PcrSignature signature) =>
        signature.Policy.Length == 64 && signature.Policy.All(char.IsAsciiHexDigit) && PcrPublicKey.Holds(key, Convert.FromHexString(signature.Policy), signature.Signature.Span);

    private static byte[]? Key(ImmutableArray<UkiPart> effective) =>
        effective.FirstOrDefault(part => part.Name == UkiSections.PcrKey) is { } key ? PcrPublicKey.Der(key.Content.ReadBytes(0, Math.Min(64 * 1024, key.Content.Length))) : null;
}
