using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Consumers.Tests.Chains;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Uefi;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Boot.Tests.Firmwares;

/// <summary>Somebody who signs for firmware, with a key of any kind.</summary>
/// <param name="Certificate">The certificate.</param>
/// <param name="Signer">How a SignerInfo names and uses the key.</param>
internal sealed record FirmwareIdentity(X509Certificate2 Certificate, ForgedSigner Signer)
{
    private static readonly DateTimeOffset From = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), Until = new(2045, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The certificate's DER.</summary>
    public byte[] Der => Certificate.RawData;

    /// <summary>A list for db or dbx that holds the certificate.</summary>
    public byte[] List => SignatureList.Of(Certificate, Guid.Empty).Encode();

    /// <summary>One with an RSA key; an authority when nobody issues it, and an extension more if there is one.</summary>
    public static FirmwareIdentity Rsa(
        string name, FirmwareIdentity? issuer = null, AsymmetricAlgorithm? issuerKey = null, X509Extension? odd = null, RSA? key = null)
    {
        RSA own = key ?? RSA.Create(2048);
        return Issued(new(Subject(name), own, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), issuer, issuerKey ?? own, c => new(Issuer(c), Serial(c), own), odd);
    }

    /// <summary>One with a key on a curve.</summary>
    public static FirmwareIdentity OnCurve(string name, ECDsa key, FirmwareIdentity? issuer = null, AsymmetricAlgorithm? issuerKey = null) => Issued(
        new(Subject(name), key, HashAlgorithmName.SHA256), issuer, issuerKey ?? key,
        c => new(Issuer(c), Serial(c), HashKind.Of(HashAlgorithmName.SHA256).EcdsaOid, (signed, hash) => key.SignData(signed, hash, DSASignatureFormat.Rfc3279DerSequence)));

    /// <summary>One with an ML-DSA key, which OpenSSL 3.5 makes.</summary>
    public static FirmwareIdentity MlDsa(string name, string algorithm, string oid, TempFolder folder, OpenSsl35 openssl)
    {
        string key = folder.At($"{name}.key"), certificate = folder.At($"{name}.pem");
        openssl.Run("req", "-x509", "-newkey", algorithm, "-nodes", "-keyout", key, "-out", certificate, "-days", "30", "-subj", $"/CN={name}", "-config", Configuration(folder), "-extensions", "v3");
        X509Certificate2 made = X509CertificateLoader.LoadCertificateFromFile(certificate);
        return new(made, new(Issuer(made), Serial(made), oid, (signed, _) =>
        {
            string input = folder.File($"{name}.in", signed), output = folder.At($"{name}.out");
            openssl.Run("pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", input, "-out", output);
            return File.ReadAllBytes(output);
        }));
    }

    /// <summary>One with an RSA key whose certificate an ML-DSA key signed.</summary>
    public static FirmwareIdentity RsaBelow(string name, string issuer, TempFolder folder, OpenSsl35 openssl)
    {
        string request = folder.At($"{name}.csr"), certificate = folder.At($"{name}.pem"), key = folder.At($"{name}.key");
        openssl.Run("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", $"/CN={name}", "-config", Configuration(folder));
        openssl.Run("x509", "-req", "-in", request, "-CA", folder.At($"{issuer}.pem"), "-CAkey", folder.At($"{issuer}.key"), "-out", certificate, "-days", "30", "-set_serial", "77");
        X509Certificate2 made = X509CertificateLoader.LoadCertificateFromFile(certificate);
        var rsa = RSA.Create();
        rsa.ImportFromPem(File.ReadAllText(key));
        return new(made, new(Issuer(made), Serial(made), rsa));
    }

    private static string Configuration(TempFolder folder) => folder.File(
        "openssl.cnf", "[req]\ndistinguished_name=dn\n[dn]\n[v3]\nbasicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n"u8.ToArray());

    private static FirmwareIdentity Issued(CertificateRequest request, FirmwareIdentity? issuer, AsymmetricAlgorithm issuerKey, Func<X509Certificate2, ForgedSigner> signer, X509Extension? odd = null)
    {
        var constraints = new X509BasicConstraintsExtension(issuer is null, hasPathLengthConstraint: false, 0, critical: true);
        if (odd?.Oid!.Value != constraints.Oid!.Value)
            request.CertificateExtensions.Add(constraints);
        if (odd is not null)
            request.CertificateExtensions.Add(odd);
        X509SignatureGenerator generator = issuerKey is RSA rsa
            ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1)
            : X509SignatureGenerator.CreateForECDsa((ECDsa)issuerKey);
        byte[] serial = RandomNumberGenerator.GetBytes(8);
        serial[0] = (byte)(serial[0] & 0x7F | 1);
        X509Certificate2 made = request.Create(issuer?.Certificate.SubjectName ?? request.SubjectName, generator, From, Until, serial);
        return new(made, signer(made));
    }

    private static X500DistinguishedName Subject(string name) => new($"CN=KexecSign lab, {name}".Replace(", ", " ", StringComparison.Ordinal));

    private static byte[] Issuer(X509Certificate2 certificate) => certificate.IssuerName.RawData;

    private static BigInteger Serial(X509Certificate2 certificate) => new(certificate.SerialNumberBytes.Span, isUnsigned: false, isBigEndian: true);
}
