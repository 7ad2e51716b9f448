using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Certificates;

namespace KexecSign.Commands.Keys;

/// <summary>What a certificate's extensions let it be used for, and where its readers look for it.</summary>
/// <param name="GoodFor">What may be signed with its key.</param>
/// <param name="Keyrings">Where it must be for that.</param>
internal sealed record CertificateUse(string GoodFor, string Keyrings)
{
    private const string CodeSigning = "1.3.6.1.5.5.7.3.3";

    // shim passes over certificates with it (verify.c, verify_eku()).
    private const string ModuleSigning = "1.3.6.1.4.1.2312.16.1.2";

    // kernel/kexec_file.c asks .secondary_trusted_keys and then .platform; security/integrity restricts .ima to keys that
    // those of .builtin_trusted_keys and .secondary_trusted_keys vouch for, and to certificates that are no CA.
    public static CertificateUse Of(X509Certificate2 certificate)
    {
        if (certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(e => e.CertificateAuthority))
            return new("certificates", "db, MOK or .builtin_trusted_keys, so that what it issued counts");
        if (certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault() is { } usage
            && !usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature))
            return new("nothing here (no digitalSignature)", "none");
        if (MlDsaCertificate.NameOf(certificate) is not null)
            return new("kexec and modules of Linux 7.0, IMA and EVM of 7.2 and later (CONFIG_CRYPTO_MLDSA); not firmware or shim",
                ".builtin_trusted_keys or .secondary_trusted_keys; .ima and .evm, vouched for by those");
        X509EnhancedKeyUsageExtension? purposes = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault();
        if (purposes is null)
            return new("IMA, EFI images, kexec, modules",
                ".ima (vouched for by .builtin_trusted_keys or .secondary_trusted_keys); db; .builtin_trusted_keys");
        string?[] oids = [.. purposes.EnhancedKeyUsages.Cast<System.Security.Cryptography.Oid>().Select(oid => oid.Value)];
        if (oids.Contains(ModuleSigning))
            return new("modules; not EFI images, because shim passes over certificates for modules",
                ".builtin_trusted_keys or .machine (from MOK)");
        return oids.Contains(CodeSigning)
            ? new("EFI images, kexec, modules",
                "firmware: db or MOK; kexec: .platform (from db), .machine (from MOK) or .builtin_trusted_keys; modules: "
                + ".builtin_trusted_keys or .machine")
            : new("nothing here (no codeSigning among its purposes)", "none");
    }
}
