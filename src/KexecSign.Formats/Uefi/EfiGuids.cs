using System.Collections.Immutable;

namespace KexecSign.Formats.Uefi;

/// <summary>
/// GUIDs of UEFI 2.10 and edk2. <see cref="Guid.ToByteArray()"/> gives the byte order of EFI_GUID.
/// </summary>
public static class EfiGuids
{
    /// <summary>EFI_GLOBAL_VARIABLE: PK, KEK, Boot####, BootOrder, Timeout (UEFI 3.3).</summary>
    public static readonly Guid GlobalVariable = new("8be4df61-93ca-11d2-aa0d-00e098032b8c");

    /// <summary>EFI_IMAGE_SECURITY_DATABASE_GUID: db and dbx (UEFI 32.6.1).</summary>
    public static readonly Guid ImageSecurityDatabase = new("d719b2cb-3d3a-4596-a3bc-dad00e67656f");

    /// <summary>EFI_CERT_X509_GUID: a list of one DER certificate (UEFI 32.4.1).</summary>
    public static readonly Guid CertX509 = new("a5c059a1-94e4-4aa7-87b5-ab155c2bf072");

    /// <summary>EFI_CERT_SHA1_GUID.</summary>
    public static readonly Guid CertSha1 = new("826ca512-cf10-4ac9-b187-be01496631bd");

    /// <summary>EFI_CERT_SHA256_GUID: a list of SHA-256 digests (UEFI 32.4.1).</summary>
    public static readonly Guid CertSha256 = new("c1c41626-504c-4092-aca9-41f936934328");

    /// <summary>EFI_CERT_SHA384_GUID: a list of SHA-384 digests (UEFI 32.4.1).</summary>
    public static readonly Guid CertSha384 = new("ff3e5307-9fd0-48c9-85f1-8ad56c701e01");

    /// <summary>EFI_CERT_SHA512_GUID: a list of SHA-512 digests (UEFI 32.4.1).</summary>
    public static readonly Guid CertSha512 = new("093e0fae-a6c4-4f50-9f1b-d41e2b89c19a");

    /// <summary>EFI_CERT_X509_SHA256_GUID: SHA-256 of certificates' signed parts, each with a time of revocation (UEFI 32.4.1).</summary>
    public static readonly Guid CertX509Sha256 = new("3bd2a492-96c0-4079-b420-fcf98ef103ed");

    /// <summary>EFI_CERT_X509_SHA384_GUID.</summary>
    public static readonly Guid CertX509Sha384 = new("7076876e-80c2-4ee6-aad2-28b349a6865b");

    /// <summary>EFI_CERT_X509_SHA512_GUID.</summary>
    public static readonly Guid CertX509Sha512 = new("446dbf63-2502-4cda-bcfa-2465d2b0fe9d");

    /// <summary>The types of signature lists (UEFI 32.4.1).</summary>
    internal static readonly ImmutableArray<Guid> ListTypes =
        [CertX509, CertSha1, CertSha256, CertSha384, CertSha512, CertX509Sha256, CertX509Sha384, CertX509Sha512];

    /// <summary>EFI_CERT_TYPE_PKCS7_GUID: a PKCS#7 SignedData in front of a signed variable (UEFI 8.2.2).</summary>
    public static readonly Guid CertTypePkcs7 = new("4aafd29d-68df-49ee-8aa9-347d375665a7");

    /// <summary>gEfiSystemNvDataFvGuid: a firmware volume that holds variables (edk2 MdeModulePkg).</summary>
    internal static readonly Guid SystemNvDataVolume = new("fff12b8d-7696-4c8b-a985-2747075b4f50");

    /// <summary>
    /// gEfiAuthenticatedVariableGuid: a store of authenticated variables (edk2 MdeModulePkg/Include/Guid/VariableFormat.h).
    /// </summary>
    internal static readonly Guid AuthenticatedVariableStore = new("aaf32c78-947b-439a-a180-2e144ec37792");
}
