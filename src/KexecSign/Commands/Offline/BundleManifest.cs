using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Serialization;
using KexecSign.Keys.Kinds;
using KexecSign.Signing;

namespace KexecSign.Commands.Offline;

/// <summary>How much of a signature the signer makes.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BundleLevel>))]
public enum BundleLevel
{
    /// <summary>It signs attributes that are made here, and sends back a bare signature.</summary>
    Attributes,

    /// <summary>It is given the image digest, and sends back a whole PKCS#7 or CMS.</summary>
    Digest,

    /// <summary>It signs the hashes that an operation asked for, and sends back bare signatures.</summary>
    Hashes,
}

/// <summary>The certificate whose key is to sign.</summary>
/// <param name="Subject">Whom it is for.</param>
/// <param name="Issuer">Who issued it.</param>
/// <param name="Serial">Serial number, hex.</param>
/// <param name="Sha256">SHA-256 fingerprint, lower-case hex.</param>
/// <param name="NotAfter">When it expires.</param>
/// <param name="Key">Kind and size of the key.</param>
public sealed record BundleCertificate(string Subject, string Issuer, string Serial, string Sha256, DateTimeOffset NotAfter, string Key)
{
    /// <summary>What is said of a certificate.</summary>
    internal static BundleCertificate Of(X509Certificate2 certificate, ISigningKey key) => new(
        certificate.Subject, certificate.Issuer, certificate.SerialNumber, Fingerprint(certificate),
        new(certificate.NotAfter.ToUniversalTime()), $"{key.Algorithm.ToString().ToUpperInvariant()} {key.KeySizeBits}");

    /// <summary>Its SHA-256 fingerprint, as the manifest has it.</summary>
    internal static string Fingerprint(X509Certificate2 certificate) =>
        certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant();
}

/// <summary>The kernel inside a zboot image that is to be signed.</summary>
/// <param name="Sha256">Its SHA-256, lower-case hex.</param>
/// <param name="Signed">Whether it carries a signature of its own.</param>
/// <param name="SignedInStage">The stage of this bundle that it comes from; null when it comes from none.</param>
public sealed record BundleInner(string Sha256, bool Signed, int? SignedInStage);

/// <summary>A file that was completed.</summary>
/// <param name="Size">Its length, in bytes.</param>
/// <param name="Sha256">Its SHA-256, lower-case hex.</param>
public sealed record BundleOutput(long Size, string Sha256);

/// <summary>A file that is to be signed.</summary>
public sealed record BundleFile
{
    /// <summary>Its name, and the name of what comes out.</summary>
    public required string Name { get; init; }

    /// <summary>Its path, relative to the bundle.</summary>
    public required string Input { get; init; }

    /// <summary>Its length, in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Its SHA-256, lower-case hex.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The version of Linux that it says it is, or the kernel inside; null when none was found.</summary>
    public string? LinuxVersion { get; init; }

    /// <summary>What becomes of signatures that it carries.</summary>
    public required ExistingSignatures Existing { get; init; }

    /// <summary>Whether it is padded so that, signed, it is exactly image_size bytes long.</summary>
    public required bool Fit { get; init; }

    /// <summary>The image digest that the signature is for, lower-case hex.</summary>
    public required string ImageDigest { get; init; }

    /// <summary>At level attributes, the hash that the key signs, lower-case hex.</summary>
    public string? ToBeSigned { get; init; }

    /// <summary>The files of this request begin with this, in the stage's folder <c>requests</c>.</summary>
    public required string Request { get; init; }

    /// <summary>The kernel inside, when it is a zboot image.</summary>
    public BundleInner? Inner { get; init; }

    /// <summary>What came out; null until then.</summary>
    public BundleOutput? Output { get; init; }
}

/// <summary>A hash that a key is to sign.</summary>
/// <param name="Name">What it is of, as whoever prepared it called it: for people, and never a path to follow.</param>
/// <param name="Kind">What it is a hash of.</param>
/// <param name="ToBeSigned">The hash, lower-case hex.</param>
public sealed record BundleRequest(string Name, ContentKind Kind, string ToBeSigned)
{
    /// <summary>The file in the stage's folder <c>requests</c> that is hashed; null where it is not there: modules and files.</summary>
    public string? Content { get; init; }
}

/// <summary>One round of signing.</summary>
public sealed record BundleStage
{
    /// <summary>Counted from 1; its folder is <c>stage-1</c>, and so on.</summary>
    public required int Number { get; init; }

    /// <summary>How much of a signature the signer makes.</summary>
    public required BundleLevel Level { get; init; }

    /// <summary>Whether its files are completed.</summary>
    public bool Attached { get; init; }

    /// <summary>Digest algorithm: sha256, sha384 or sha512.</summary>
    public required string Digest { get; init; }

    /// <summary>Whose key is to sign; the certificate itself and its chain are in the stage's <c>certificates.pem</c>.</summary>
    public required BundleCertificate Certificate { get; init; }

    /// <summary>The files; of a stage of hashes none.</summary>
    public required ImmutableArray<BundleFile> Files { get; init; }

    /// <summary>The operation that asked for the hashes; null in a stage of images.</summary>
    public string? Operation { get; init; }

    /// <summary>The hashes; null in a stage of images.</summary>
    public ImmutableArray<BundleRequest>? Requests { get; init; }

    /// <summary>The hashes, none in a stage of images.</summary>
    internal ImmutableArray<BundleRequest> Hashes => Requests is { IsDefault: false } requests ? requests : [];
}

/// <summary>What a bundle is for, in a form that a person can review before signing.</summary>
public sealed record BundleManifest
{
    /// <summary>What <see cref="Format"/> says.</summary>
    public const string FormatName = "kexecsign-bundle-1";

    /// <summary>Kind and version of this document.</summary>
    public string Format { get; init; } = FormatName;

    /// <summary>The rounds, in order.</summary>
    public ImmutableArray<BundleStage> Stages { get; init; } = [];

    /// <summary>The last stage whose answers 'attach' puts into images; null for none.</summary>
    internal BundleStage? LastOfImages => Stages.LastOrDefault(stage => stage.Hashes.IsEmpty);
}
