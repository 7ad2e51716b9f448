using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Judging.Firmwares;
using KexecSign.Simulation.Errors;

namespace KexecSign.Judging.Chains;

/// <summary>Whose OpenSSL builds a chain, and what that one does otherwise than others.</summary>
internal sealed record ChainRules
{
    private const string EcPublicKey = "1.2.840.10045.2.1", Ed448 = "1.3.101.113", SlhDsaShake256s = "2.16.840.1.101.3.4.3.30";

    /// <summary>shim's OpenSSL 1.0.2; otherwise that of firmware.</summary>
    public bool IsShim { get; private init; }

    /// <summary>Whether a keyUsage without bits breaks a certificate.</summary>
    public bool WantsUsage { get; private init; }

    /// <summary>Whether a path length of what is no authority breaks a certificate.</summary>
    public bool WantsAuthorityForPath { get; private init; }

    /// <summary>Whether keys on elliptic curves count.</summary>
    public bool HasCurves { get; private init; }

    private bool HasNewer { get; init; }

    private bool HasAll { get; init; }

    /// <summary>shim.</summary>
    public static ChainRules Shim { get; } = new() { IsShim = true };

    /// <summary>Where no firmware judges: all keys that this machine knows.</summary>
    public static ChainRules Machine { get; } = new() { WantsUsage = true, HasCurves = true, HasAll = true };

    /// <summary>Firmware.</summary>
    public static ChainRules Of(FirmwareModel model) => new()
    {
        WantsUsage = model.Has(FirmwareRule.EmptyUsage),
        WantsAuthorityForPath = model.Has(FirmwareRule.PathOfNone),
        HasCurves = model.Has(FirmwareRule.Curves),
        HasNewer = model.Has(FirmwareRule.NewerIssuers),
    };

    /// <summary>Whether a key may sign an image.</summary>
    public bool MaySign(X509Certificate2 signer) =>
        signer.PublicKey.Oid.Value == Oids.Rsa || (HasCurves && signer.PublicKey.Oid.Value == EcPublicKey);

    /// <summary>Whether certificates that a key has signed can be verified there.</summary>
    /// <exception cref="KexecSignException">KS4721: there they can, and here they cannot.</exception>
    public bool MayIssue(X509Certificate2 issuer)
    {
        if (HasAll || MaySign(issuer))
            return true;
        return issuer.PublicKey.Oid.Value switch
        {
            Oids.MlDsa87 when HasNewer => MLDsa.IsSupported ? true : throw Beyond(issuer, "ML-DSA-87"),
            SlhDsaShake256s when HasNewer => throw Beyond(issuer, "SLH-DSA-SHAKE-256s"),
            Ed448 when HasCurves => throw Beyond(issuer, "Ed448"),
            _ => false,
        };
    }

    private static KexecSignException Beyond(X509Certificate2 issuer, string kind) =>
        KexecRules.NotComputable.With($"what the certificate of {CertificateNames.Of(issuer)} signed", kind);
}
