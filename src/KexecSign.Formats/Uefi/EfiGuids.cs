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

    /// <summary>EFI_CERT_SHA256_GUID: a list of SHA-256 digests (UEFI 32.4.1).</summary>
    public static readonly Guid CertSha256 = new("c1c41626-504c-4092-aca9-41f936934328");

    /// <summary>gEfiSystemNvDataFvGuid: a firmware volume that holds variables (edk2 MdeModulePkg).</summary>
    internal static readonly Guid SystemNvDataVolume = new("fff12b8d-7696-4c8b-a985-2747075b4f50");

    /// <summary>gEfiAuthenticatedVariableGuid: a store of authenticated variables (edk2 MdeModulePkg/Include/Guid/VariableFormat.h).</summary>
    internal static readonly Guid AuthenticatedVariableStore = new("aaf32c78-947b-439a-a180-2e144ec37792");
}
