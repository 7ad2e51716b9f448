using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uki;

namespace KexecSign.Uki;

/// <summary>
/// Signatures of policies that came back from elsewhere. Each goes to the boot that it is for, after it was held against the key
/// that travels along and against what PCR 11 will be: a signature that opens nothing is found now and not at the next start.
/// </summary>
internal sealed class PcrJoin : IPolicySource
{
    private readonly string _path;
    private readonly ImmutableArray<PcrSignature> _signatures;
    private readonly ImmutableArray<string> _phases;
    private readonly HashSet<PcrSignature> _placed = [];

    private PcrJoin(string path, ImmutableArray<PcrSignature> signatures, ImmutableArray<string> phases)
    {
        _path = path;
        _signatures = signatures;
        _phases = phases;
    }

    /// <summary>Reads a document; null when none is named.</summary>
    /// <param name="path">The file.</param>
    /// <param name="further">Phase paths that policies may be for besides those that systemd measures.</param>
    /// <param name="inputs">Opens files.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS1720, KS1721, KS1722, KS3664, KS3681.</exception>
    public static PcrJoin? Read(string? path, ImmutableArray<string> further, UkiInputs inputs)
    {
        if (path is null)
            return null;
        foreach (string phase in further)
            BootPhases.Words(phase);
        ImmutableArray<PcrSignature> signatures = inputs.Signatures(path);
        if (signatures.IsEmpty)
            throw OperationErrors.JoinedSignatureMissing.With("any policy of PCR 11").In(path);
        foreach (PcrSignature entry in signatures)
        {
            PcrBank.Named(entry.Bank);
            if (entry.Signature.IsEmpty)
                throw OperationErrors.JoinedSignatureMissing.With($"policy {entry.Policy} ({entry.Bank})").In(path);
        }
        return new(path, signatures, [.. PcrSignatureCheck.KnownPhases.Union(further)]);
    }

    /// <inheritdoc/>
    public PcrPrediction Predict(int stubVersion, RunContext context) =>
        new([.. _signatures.Select(s => s.Bank).Distinct().Select(PcrBank.Named)], stubVersion, context);

    /// <inheritdoc/>
    public (UkiPart? Section, ImmutableArray<PcrValue> Values) Section(
        PcrPrediction prediction, ImmutableArray<UkiPart> effective, int profile, RunContext context)
    {
        ILookup<(string Bank, string Policy), PcrValue> values = prediction.Of(effective, profile, _phases)
            .ToLookup(v => (v.Bank, v.Policy("", null).Policy));
        PcrSignature[] own = [.. _signatures.Where(s => values.Contains((s.Bank, s.Policy)))];
        if (own.Length == 0)
            return (null, []);
        byte[] key = PcrSignatureCheck.KeyOf(effective) ?? throw OperationErrors.JoinedKeyMissing.With(profile).In(_path);
        string fingerprint = PcrPublicKey.Fingerprint(key);
        foreach (PcrSignature signature in own)
        {
            if (signature.KeyFingerprint.Length > 0 && signature.KeyFingerprint != fingerprint)
                throw OperationErrors.JoinedKeyDiffers.With(signature.Policy, signature.Bank, signature.KeyFingerprint, fingerprint)
                    .In(_path);
            if (!PcrSignatureCheck.Holds(key, signature))
                throw OperationErrors.JoinedSignatureWrong.With(signature.Policy, signature.Bank, signature.Reference ?? "none").In(_path);
        }
        _placed.UnionWith(own);
        byte[] document = PcrSignatures.Write(own.Select(s => s with { KeyFingerprint = fingerprint }));
        return (
            new(UkiSections.PcrSignatures, Layout.Of(document)),
            [.. own.Select(s => values[(s.Bank, s.Policy)].First() with { Reference = s.Reference })]);
    }

    /// <inheritdoc/>
    /// <exception cref="Formats.Errors.KexecSignException">KS3682.</exception>
    public void RequireAllUsed(ImmutableArray<ProfileFields> profiles)
    {
        if (_signatures.FirstOrDefault(s => !_placed.Contains(s)) is { } stranger)
            throw OperationErrors.JoinedPolicyStranger.With(stranger.Policy, stranger.Bank, string.Join(' ', _phases)).In(_path);
    }
}
