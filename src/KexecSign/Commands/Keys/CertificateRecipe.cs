using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core.Errors;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.Kinds;

namespace KexecSign.Commands.Keys;

/// <summary>Makes the certificate of a profile's key; the issuer's token signs it.</summary>
internal static class CertificateRecipe
{
    private const string CodeSigning = "1.3.6.1.5.5.7.3.3";

    /// <param name="entry">The profile's entry.</param>
    /// <param name="key">The key it is for.</param>
    /// <param name="issuer">Who signs, with the issuer's certificate; null for self-signed.</param>
    /// <param name="clock">The time it is valid from.</param>
    /// <param name="cancellation">Gives up waiting for the token.</param>
    public static X509Certificate2 Make(
        KeyProfileEntry entry, ISigningKey key, (ISigningKey Key, X509Certificate2 Certificate)? issuer, TimeProvider clock,
            CancellationToken cancellation)
    {
        ISigningKey signer = issuer?.Key ?? key;
        PublicKey publicKey = PublicKey.CreateFromSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _);
        var request = new CertificateRequest(new X500DistinguishedName(entry.Subject), publicKey, signer.DefaultHash);
        AddExtensions(request, entry, publicKey, issuer?.Certificate);
        // Clocks of target machines may lag behind; firmware and kernel mostly do not look, other verifiers do.
        DateTimeOffset from = clock.GetUtcNow().AddMinutes(-5);
        try
        {
            return request.Create(
                issuer?.Certificate.SubjectName ?? request.SubjectName, new SigningKeyGenerator(signer, cancellation),
                from, from.AddDays(entry.Days), Serial());
        }
        catch (Exception cause) when (cause is ArgumentException or CryptographicException)
        {
            throw OperationErrors.CertificateNotMade.Because(cause, entry.Label, "its subject or validity does not fit");
        }
    }

    // Kernel: a certificate that may sign others is no key for .ima (restrict_link_by_digsig_builtin), and the CA bit decides
    // about .machine; the identifiers are how asymmetric keys are found. Firmware ignores usage, osslsigncode and sbverify do not.
    private static void AddExtensions(CertificateRequest request, KeyProfileEntry entry, PublicKey publicKey, X509Certificate2? issuer)
    {
        bool ca = entry.Role == KeyRole.Ca;
        var identifier = new X509SubjectKeyIdentifierExtension(publicKey, critical: false);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(ca, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            ca ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign : X509KeyUsageFlags.DigitalSignature, critical: true));
        var purposes = new OidCollection();
        foreach (string purpose in entry.ExtendedKeyUsage ?? (entry.Role is KeyRole.Ca or KeyRole.Ima ? [] : [CodeSigning]))
            purposes.Add(new Oid(purpose));
        if (purposes.Count > 0)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(purposes, critical: false));
        request.CertificateExtensions.Add(identifier);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(
            issuer is null ? identifier.SubjectKeyIdentifierBytes.Span : SubjectKeyIdentifier.Of(issuer)));
    }

    private static byte[] Serial()
    {
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        // Positive and of full length (RFC 5280 section 4.1.2.2).
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }
}
