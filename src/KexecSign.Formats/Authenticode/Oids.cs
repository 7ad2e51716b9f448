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
}
