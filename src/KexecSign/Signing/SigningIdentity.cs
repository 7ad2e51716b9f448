using KexecSign.Formats.Errors;
using KexecSign.Formats.Vocabulary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Authenticode;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.External;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.References;

namespace KexecSign.Signing;

/// <summary>Who verifies ML-DSA in what an operation makes.</summary>
internal enum MlDsaUse
{
    /// <summary>Not all that it is for: ML-DSA keys are refused.</summary>
    Refused,

    /// <summary>The kernel alone reads it, and does from 7.0 on.</summary>
    Taken,

    /// <summary>The kernel's kexec does, firmware does not: the user is warned.</summary>
    TakenByKexec,

    /// <summary>IMA and EVM do, in values of version 3, whatever the digest of the file.</summary>
    TakenByIma,
}

/// <summary>A key that signs, its certificate and chain, and the digest it signs with.</summary>
/// <param name="Key">The private key.</param>
/// <param name="Certificates">The signer's certificate first, then its chain.</param>
/// <param name="Hash">Digest algorithm.</param>
internal sealed record SigningIdentity(ISigningKey Key, IReadOnlyList<X509Certificate2> Certificates, HashAlgorithmName Hash)
{
    /// <summary>The signing time to claim; null for none.</summary>
    public DateTimeOffset? SigningTime { get; init; }

    /// <summary>The key id that IMA and EVM values name; null for the certificate's.</summary>
    public uint? KeyId { get; init; }

    /// <summary>
    /// Whether statements are written as pesign does: it puts the signatures of an archive together when the package is made again, and
    /// writes the statement anew.
    /// </summary>
    public bool AsPesign { get; init; }

    /// <summary>The DER of a statement about an image.</summary>
    public byte[] Statement(SpcIndirectData data) => AsPesign ? data.EncodeAsPesign() : data.Encode();

    private SignatureForm? _form;

    /// <summary>What all its PE signatures have in common.</summary>
    public SignatureForm Form
    {
        get
        {
            // A copy that 'with' made has the field of what it was made from, whose signatures may be longer.
            if (_form is not { } known || !ReferenceEquals(known.Identity, this))
                _form = known = SignatureForm.Of(this);
            return known;
        }
    }

    /// <summary>The signer's certificate.</summary>
    public X509Certificate2 Certificate => Certificates[0];

    /// <summary>How a SignerInfo names the algorithm.</summary>
    public SignatureScheme Scheme => Key.Algorithm switch
    {
        KeyAlgorithm.Rsa => SignatureScheme.RsaPkcs1,
        KeyAlgorithm.Ecdsa => SignatureScheme.Ecdsa,
        KeyAlgorithm.MlDsa => Key.KeySizeBits switch
        {
            44 => SignatureScheme.MlDsa44,
            65 => SignatureScheme.MlDsa65,
            87 => SignatureScheme.MlDsa87,
            int other => throw new InvalidOperationException($"no ML-DSA-{other}"),
        },
    };

    /// <summary>Opens key and certificate and checks that they belong together.</summary>
    /// <param name="operation">Name of the operation, for messages.</param>
    /// <param name="options">What the user gave.</param>
    /// <param name="context">The run.</param>
    /// <param name="mlDsa">Whether anybody verifies ML-DSA in what the operation makes.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010 when one is not named, KS3012, KS3408, KS2xxx.</exception>
    public static SigningIdentity Open(string operation, SigningOptions options, RunContext context, MlDsaUse mlDsa = MlDsaUse.Refused)
    {
        string keyReference = options.Key ?? throw OperationErrors.OptionMissing.With(operation, new NamedOption("key"));
        string certificateReference = options.Certificate ?? throw OperationErrors.OptionMissing.With(operation, new NamedOption("cert"));
        IReadOnlyList<X509Certificate2> certificates =
            context.Keyring.OpenCertificates(certificateReference, options.Pin, context.Cancellation);
        // Which of them is the signer's, a key that is here tells.
        if (BundleReference.Is(keyReference))
            certificates = CertificateBundle.SignerFirst(certificates);
        ISigningKey key = context.OpenKey(keyReference, options.Pin, certificates[0]);
        certificates = CertificateMatch.SignerFirst(key, certificates);
        if (key.Algorithm == KeyAlgorithm.MlDsa)
            RequireMlDsa(mlDsa, operation, key, options.Digest, context);
        return Of(key, certificates, options.Digest, context) with
        {
            AsPesign = BundleReference.Is(keyReference) && BundleReference.Parse(keyReference).IsArchive,
        };
    }

    /// <summary>Opens a key that comes without a certificate, for signatures that carry none.</summary>
    /// <param name="operation">Name of the operation, for messages.</param>
    /// <param name="options">What the user gave.</param>
    /// <param name="context">The run.</param>
    /// <param name="mlDsa">Whether anybody verifies ML-DSA in what the operation makes.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS3012, KS3408, KS2xxx.</exception>
    public static SigningIdentity WithoutCertificate(string operation, SigningOptions options, RunContext context,
        MlDsaUse mlDsa = MlDsaUse.Refused)
    {
        ISigningKey key = context.OpenKey(options.Key
            ?? throw OperationErrors.OptionMissing.With(operation, new NamedOption("key")), options.Pin, null);
        if (key.Algorithm == KeyAlgorithm.MlDsa)
            RequireMlDsa(mlDsa, operation, key, options.Digest, context);
        return Of(key, [KeyOnlyCertificate.For(key)], options.Digest, context);
    }

    /// <summary>Someone who signs elsewhere: all that is here is the certificate.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3022, KS2xxx.</exception>
    public static SigningIdentity Elsewhere(IReadOnlyList<X509Certificate2> certificates, string? digest)
    {
        if (MlDsaCertificate.NameOf(certificates[0]) is { } name)
            throw OperationErrors.MlDsaRefused.With("prepare", name, "an answer from elsewhere is over a hash, and ML-DSA signs messages");
        var absent = new AbsentKey(certificates[0]);
        return new(absent, certificates, HashNamed(digest) ?? absent.DefaultHash);
    }

    /// <summary>
    /// Has the key sign content: RSA and ECDSA its hash, ML-DSA the content itself. A key that another process holds is shown the content.
    /// </summary>
    /// <param name="kind">What it is.</param>
    /// <param name="hash">Its hash by <see cref="Hash"/>.</param>
    /// <param name="content">The content; asked for only when it is needed.</param>
    /// <param name="cancellation">Gives up waiting for the token.</param>
    /// <param name="name">What it is of, for an agent's log.</param>
    public byte[] SignContent(ContentKind kind, byte[] hash, Func<ReadOnlyMemory<byte>> content, CancellationToken cancellation,
        string? name = null) =>
        Key.SignContent(new(kind, hash, content) { Name = name }, Hash, cancellation);

    /// <summary>The digest algorithm of an option's value.</summary>
    public static HashAlgorithmName? HashNamed(string? digest) => digest is null ? null
        : HashKind.Named(digest) is { } hash && hash.Uses != HashUses.None ? hash.Name
        : throw OperationErrors.OptionValue.With("digest", digest,
            string.Join(", ", HashKind.All.Where(known => known.Uses != HashUses.None).Select(known => known.Word)));

    // public_key_verify_signature() takes ML-DSA over attributes with SHA-512 alone; of an IMA value it verifies no hash at all.
    private static void RequireMlDsa(MlDsaUse use, string operation, ISigningKey key, string? digest, RunContext context)
    {
        if (use == MlDsaUse.Refused)
        {
            throw OperationErrors.MlDsaRefused.With(operation, $"ML-DSA-{key.KeySizeBits}",
                "of those that verify its result, firmware and shim among them, not all take it");
        }
        if (use != MlDsaUse.TakenByIma && digest is not (null or "sha512"))
            throw OperationErrors.OptionValue.With("digest", digest, "sha512 with an ML-DSA key, which the kernel takes with no other");
        if (use == MlDsaUse.TakenByKexec)
            context.Log.Warning(
                $"ML-DSA-{key.KeySizeBits}: kexec of Linux 7.0 and later with CONFIG_CRYPTO_MLDSA verifies this signature; firmware, "
                + $"shim and older kernels do not");
    }

    // Which keys there are, KeyShape decides where they are opened (KS2033).
    private static SigningIdentity Of(ISigningKey key, IReadOnlyList<X509Certificate2> certificates, string? digest, RunContext context)
    {
        if (HashNamed(digest) is { } named)
            return new(key, certificates, named);
        if (key.DefaultHash != key.UsualHash)
        {
            context.Log.Warning($"key {key.DisplayName} signs {HashKind.Of(key.DefaultHash).Word}, not {HashKind.Of(key.UsualHash).Word} "
                + "as usual: the token's mechanisms do not name that. Say the digest to have another");
        }
        return new(key, certificates, key.DefaultHash);
    }
}
