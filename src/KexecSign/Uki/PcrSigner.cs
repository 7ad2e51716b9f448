using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uki;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;

namespace KexecSign.Uki;

/// <summary>Signs a policy for each predicted value of PCR 11, so that disks that are bound to the key open for the image.</summary>
internal sealed class PcrSigner
{
    private readonly ISigningKey _key;
    private readonly ImmutableArray<PcrBank> _banks;
    private readonly ImmutableArray<string> _phases;

    private PcrSigner(ISigningKey key, ImmutableArray<PcrBank> banks, ImmutableArray<string> phases)
    {
        _key = key;
        _banks = banks;
        _phases = phases;
    }

    /// <summary>The public half, DER.</summary>
    public ReadOnlyMemory<byte> PublicKey => _key.SubjectPublicKeyInfo;

    /// <summary>Opens the key; null when none is named.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3669, KS3675, KS1722, KS2xxx.</exception>
    public static PcrSigner? Open(PcrSigningOptions options, PinOptions pin, RunContext context)
    {
        if (options.Key is null)
        {
            string? alone = !options.Banks.IsEmpty ? "pcr-bank" : !options.Phases.IsEmpty ? "phase" : options.StubVersion is not null ? "stub-version" : null;
            return alone is null ? null : throw OperationErrors.PcrOptionsWithoutKey.With(alone);
        }
        foreach (string phase in options.Phases)
            BootPhases.Words(phase);
        ISigningKey key = context.Keyring.OpenKey(options.Key, pin, context.Cancellation);
        return key.Algorithm == KeyAlgorithm.Rsa
            ? new(key, BanksOf(options), options.Phases.IsEmpty ? BootPhases.Usual : options.Phases)
            : throw OperationErrors.PcrKeyNotRsa.With(key.Algorithm.ToString().ToUpperInvariant());
    }

    /// <summary>The banks that options name.</summary>
    public static ImmutableArray<PcrBank> BanksOf(PcrSigningOptions options) =>
        options.Banks.IsEmpty ? PcrBank.All : [.. options.Banks.Distinct().Select(PcrBank.Named)];

    /// <summary>A prediction for the banks that are signed for.</summary>
    public PcrPrediction Predict(int stubVersion, RunContext context) => new(_banks, stubVersion, context);

    /// <summary>The .pcrsig section of a boot, and the values that it signs.</summary>
    public (UkiPart Section, ImmutableArray<PcrValue> Values) Sign(PcrPrediction prediction, ImmutableArray<UkiPart> effective, int profile, RunContext context)
    {
        ImmutableArray<PcrValue> values = prediction.Of(effective, profile, _phases);
        string fingerprint = PcrPublicKey.Fingerprint(PublicKey.Span);
        byte[] document = PcrSignatures.Write(values.Select(value =>
        {
            byte[] policy = PcrPolicy.Digest(PcrBank.Named(value.Bank), Pcr11.Index, Convert.FromHexString(value.Value));
            byte[] signature = _key.SignHash(SHA256.HashData(policy), HashAlgorithmName.SHA256, context.Cancellation);
            return new PcrSignature(value.Bank, fingerprint, Convert.ToHexStringLower(policy), signature);
        }));
        return (new(UkiSections.PcrSignatures, Layout.Of(document)), values);
    }
}
