using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uki;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.References;

namespace KexecSign.Uki;

/// <summary>Signs a policy for each predicted value of PCR 11, so that disks that are bound to the key open for the image.</summary>
internal sealed class PcrSigner : IPolicySource
{
    private readonly ImmutableArray<SignedGroup> _groups;
    private readonly ImmutableArray<PcrBank> _banks;
    private readonly ImmutableArray<string> _profiles;

    private PcrSigner(ImmutableArray<SignedGroup> groups, ImmutableArray<PcrBank> banks, ImmutableArray<string> profiles)
    {
        _groups = groups;
        _banks = banks;
        _profiles = profiles;
    }

    /// <summary>The public halves, DER, each once.</summary>
    public ImmutableArray<byte[]> PublicKeys =>
        [.. _groups.Select(group => group.Key.SubjectPublicKeyInfo.ToArray()).DistinctBy(Convert.ToHexString)];

    /// <summary>Opens the keys; null when none is named.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3669, KS3675, KS3676, KS1722, KS1728, KS2xxx.</exception>
    public static PcrSigner? Open(PcrSigningOptions options, PinOptions pin, RunContext context)
    {
        RequireKey(options);
        ImmutableArray<PcrKeyGroup> all = options.All;
        if (all.IsEmpty)
            return null;
        ImmutableArray<PcrBank> banks = BanksOf(options);
        ImmutableArray<SignedGroup> groups = [.. all.Select(group => SignedGroup.Open(group, pin, context))];
        // As ukify has it: the first key, in addition to what it signs for the phases.
        if (options.SignInitrd)
            groups = groups.Add(new(groups[0].Key, [PolicyReference.InitrdPhase], PolicyReference.Initrd));
        return new(groups, banks, options.SignedProfiles);
    }

    /// <summary>The banks that options name.</summary>
    public static ImmutableArray<PcrBank> BanksOf(PcrSigningOptions options) =>
        options.Banks.IsEmpty ? PcrBank.All : [.. options.Banks.Distinct().Select(PcrBank.Named)];

    /// <inheritdoc/>
    public PcrPrediction Predict(int stubVersion, RunContext context) => new(_banks, stubVersion, context);

    /// <inheritdoc/>
    public (UkiPart? Section, ImmutableArray<PcrValue> Values) Section(
        PcrPrediction prediction, ImmutableArray<UkiPart> effective, int profile, RunContext context)
    {
        if (!_profiles.IsEmpty && !(ProfileFields.Of(effective).Id is { } id && _profiles.Contains(id)))
            return (null, []);
        var values = ImmutableArray.CreateBuilder<PcrValue>();
        var signatures = ImmutableArray.CreateBuilder<PcrSignature>();
        foreach (SignedGroup group in _groups)
        {
            foreach (PcrValue value in prediction.Of(effective, profile, group.Phases))
            {
                PcrSignature policy = value.Policy(PcrPublicKey.Fingerprint(group.Key.SubjectPublicKeyInfo.Span), group.Reference);
                if (signatures.Any(s => s with { Signature = default } == policy))
                    continue;
                byte[] bound = Convert.FromHexString(PcrSignatures.ToBeSigned(policy));
                var wanted = new ContentToSign(ContentKind.Digest, SHA256.HashData(bound), () => bound)
                {
                    Name = $"PCR 11, {value.Bank}, {value.Phase}, profile {profile}",
                };
                signatures.Add(policy with { Signature = group.Key.SignContent(wanted, HashAlgorithmName.SHA256, context.Cancellation) });
                values.Add(value with { Reference = group.Reference });
            }
        }
        return (new(UkiSections.PcrSignatures, Layout.Of(PcrSignatures.Write(signatures))), values.ToImmutable());
    }

    /// <inheritdoc/>
    public void RequireAllUsed(ImmutableArray<ProfileFields> profiles) => RequireProfiles(_profiles, profiles);

    /// <summary>Refuses an ID that no profile has.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3680.</exception>
    public static void RequireProfiles(ImmutableArray<string> wanted, ImmutableArray<ProfileFields> profiles)
    {
        if (wanted.FirstOrDefault(id => !profiles.Any(profile => profile.Id == id)) is { } missing)
        {
            string[] ids = [.. profiles.Select(profile => profile.Id).OfType<string>()];
            throw OperationErrors.PcrProfileMissing.With(missing, ids.Length == 0 ? "none" : string.Join(", ", ids));
        }
    }

    private static void RequireKey(PcrSigningOptions options)
    {
        if (options.Key is not null)
            return;
        // These belong to the key of the options, the rest to all.
        string? alone = !options.Phases.IsEmpty ? "phase" : options.PolicyReference is not null ? "policyref" : null;
        if (options.Groups.IsEmpty)
        {
            alone = !options.Banks.IsEmpty ? "pcr-bank" : alone ?? (options.StubVersion is not null ? "stub-version"
                : options.SignInitrd ? "sign-initrd-pcrs" : options.SignedProfiles.IsEmpty ? null : "sign-profile");
        }
        if (alone is not null)
            throw OperationErrors.PcrOptionsWithoutKey.With(alone);
    }

    /// <summary>A key, opened, and what it signs.</summary>
    private sealed record SignedGroup(ISigningKey Key, ImmutableArray<string> Phases, string? Reference)
    {
        public static SignedGroup Open(PcrKeyGroup group, PinOptions pin, RunContext context)
        {
            foreach (string phase in group.Phases)
                BootPhases.Words(phase);
            string? reference = PolicyReference.Checked(group.PolicyReference);
            ISigningKey key = context.OpenKey(group.Key, pin, BundleReference.Is(group.Key) ? Elsewhere(group, pin, context) : null);
            if (key.Algorithm != KeyAlgorithm.Rsa)
                throw OperationErrors.PcrKeyNotRsa.With(key.Algorithm.ToString().ToUpperInvariant());
            RequirePublicHalf(group, key, pin, context);
            return new(key, group.Phases.IsEmpty ? BootPhases.Usual : group.Phases, reference);
        }

        // The public half is all that is known of a key that is elsewhere.
        private static X509Certificate2? Elsewhere(PcrKeyGroup group, PinOptions pin, RunContext context) =>
            PublicHalf(group, pin, context) is { } named ? KeyOnlyCertificate.For(named) : null;

        private static byte[]? PublicHalf(PcrKeyGroup group, PinOptions pin, RunContext context)
        {
            if (group.PublicKey is { } path)
            {
                using var inputs = new UkiInputs(context);
                return inputs.PublicKey(path).Der;
            }
            return group.Certificate is not { } certificate ? null
                : context.Keyring.OpenCertificates(certificate, pin, context.Cancellation)[0].PublicKey.ExportSubjectPublicKeyInfo();
        }

        private static void RequirePublicHalf(PcrKeyGroup group, ISigningKey key, PinOptions pin, RunContext context)
        {
            byte[]? named = PublicHalf(group, pin, context);
            if (named is not null && !named.AsSpan().SequenceEqual(key.SubjectPublicKeyInfo.Span))
                throw OperationErrors.PcrKeyMismatch.With(PcrPublicKey.Fingerprint(named),
                    PcrPublicKey.Fingerprint(key.SubjectPublicKeyInfo.Span));
        }
    }
}
