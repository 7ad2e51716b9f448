using System.Security.Cryptography;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Authenticode;

/// <summary>Object identifiers of Authenticode, PKCS#7 and the algorithms that kernel and firmware take.</summary>
public static class Oids
{
    /// <summary>SPC_INDIRECT_DATA_OBJID.</summary>
    public const string SpcIndirectData = "1.3.6.1.4.1.311.2.1.4";

    /// <summary>SPC_PE_IMAGE_DATA_OBJID.</summary>
    public const string SpcPeImageData = "1.3.6.1.4.1.311.2.1.15";

    /// <summary>SPC_INDIVIDUAL_SP_KEY_PURPOSE_OBJID, which pesign writes in the place of <see cref="SpcPeImageData"/>.</summary>
    public const string SpcIndividualCodeSigning = "1.3.6.1.4.1.311.2.1.21";

    /// <summary>SPC_SP_OPUS_INFO_OBJID: the signed attribute for a program's name.</summary>
    public const string SpcSpOpusInfo = "1.3.6.1.4.1.311.2.1.12";

    /// <summary>pkcs7-signedData.</summary>
    public const string SignedData = "1.2.840.113549.1.7.2";

    /// <summary>pkcs7-data.</summary>
    public const string Data = "1.2.840.113549.1.7.1";

    /// <summary>PKCS#9 contentType attribute.</summary>
    public const string ContentType = "1.2.840.113549.1.9.3";

    /// <summary>PKCS#9 messageDigest attribute.</summary>
    public const string MessageDigest = "1.2.840.113549.1.9.4";

    /// <summary>PKCS#9 signingTime attribute.</summary>
    public const string SigningTime = "1.2.840.113549.1.9.5";

    /// <summary>SPC_NESTED_SIGNATURE_OBJID: unsigned attribute that holds further signatures; only Windows reads it.</summary>
    public const string NestedSignature = "1.3.6.1.4.1.311.2.4.1";

    /// <summary>SPC_RFC3161_OBJID: unsigned attribute that holds an RFC 3161 timestamp token.</summary>
    public const string Rfc3161Timestamp = "1.3.6.1.4.1.311.3.3.1";

    /// <summary>rsaEncryption: RSA PKCS#1 v1.5, the only RSA that the kernel takes.</summary>
    public const string Rsa = "1.2.840.113549.1.1.1";

    /// <summary>id-ml-dsa-44 of FIPS 204 (RFC 9881); key and signature have the same one, without parameters.</summary>
    public const string MlDsa44 = "2.16.840.1.101.3.4.3.17";

    /// <summary>id-ml-dsa-65.</summary>
    public const string MlDsa65 = "2.16.840.1.101.3.4.3.18";

    /// <summary>id-ml-dsa-87.</summary>
    public const string MlDsa87 = "2.16.840.1.101.3.4.3.19";

    /// <summary>Whether an OID is ML-DSA's, of a key or of a signature.</summary>
    public static bool IsMlDsa(string? oid) => oid is MlDsa44 or MlDsa65 or MlDsa87;

    /// <summary>The digest algorithm's OID.</summary>
    /// <exception cref="KexecSignException">KS1507.</exception>
    public static string Digest(HashAlgorithmName hash) => hash.Name switch
    {
        "SHA1" => "1.3.14.3.2.26",
        "SHA256" => "2.16.840.1.101.3.4.2.1",
        "SHA384" => "2.16.840.1.101.3.4.2.2",
        "SHA512" => "2.16.840.1.101.3.4.2.3",
        "SHA3-256" => "2.16.840.1.101.3.4.2.8",
        "SHA3-384" => "2.16.840.1.101.3.4.2.9",
        "SHA3-512" => "2.16.840.1.101.3.4.2.10",
        _ => throw FormatErrors.UnknownDigest.With(hash.Name),
    };

    /// <summary>The digest algorithm of an OID. The kernel takes SHA-3 from 6.7 on; firmware and shim do not.</summary>
    /// <exception cref="KexecSignException">KS1507.</exception>
    public static HashAlgorithmName Digest(string oid) => oid switch
    {
        "1.3.14.3.2.26" => HashAlgorithmName.SHA1,
        "2.16.840.1.101.3.4.2.1" => HashAlgorithmName.SHA256,
        "2.16.840.1.101.3.4.2.2" => HashAlgorithmName.SHA384,
        "2.16.840.1.101.3.4.2.3" => HashAlgorithmName.SHA512,
        "2.16.840.1.101.3.4.2.8" => HashAlgorithmName.SHA3_256,
        "2.16.840.1.101.3.4.2.9" => HashAlgorithmName.SHA3_384,
        "2.16.840.1.101.3.4.2.10" => HashAlgorithmName.SHA3_512,
        _ => throw FormatErrors.UnknownDigest.With(oid),
    };

    /// <summary>ecdsa-with-SHA2 of RFC 5758, and NIST's with SHA-3.</summary>
    /// <exception cref="KexecSignException">KS1507.</exception>
    public static string Ecdsa(HashAlgorithmName hash) => hash.Name switch
    {
        "SHA256" => "1.2.840.10045.4.3.2",
        "SHA384" => "1.2.840.10045.4.3.3",
        "SHA512" => "1.2.840.10045.4.3.4",
        "SHA3-256" => "2.16.840.1.101.3.4.3.10",
        "SHA3-384" => "2.16.840.1.101.3.4.3.11",
        "SHA3-512" => "2.16.840.1.101.3.4.3.12",
        _ => throw FormatErrors.UnknownDigest.With(hash.Name),
    };

    /// <summary>Length of a digest, in bytes.</summary>
    /// <exception cref="KexecSignException">KS1507.</exception>
    public static int DigestLength(HashAlgorithmName hash) => hash.Name switch
    {
        "SHA1" => 20,
        "SHA256" or "SHA3-256" => 32,
        "SHA384" or "SHA3-384" => 48,
        "SHA512" or "SHA3-512" => 64,
        _ => throw FormatErrors.UnknownDigest.With(hash.Name),
    };
}
