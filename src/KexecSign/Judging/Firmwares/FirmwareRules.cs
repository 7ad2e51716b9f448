using System.Collections.Immutable;

namespace KexecSign.Judging.Firmwares;

/// <summary>A rule of firmware's that is not the same everywhere, or that is to be changed.</summary>
internal enum FirmwareRule
{
    /// <summary>Digests of unsigned images by other algorithms than SHA-256.</summary>
    UnsignedDigests,

    /// <summary>A keyUsage without bits.</summary>
    EmptyUsage,

    /// <summary>A path length of a certificate that is no authority.</summary>
    PathOfNone,

    /// <summary>Keys on elliptic curves.</summary>
    Curves,

    /// <summary>Keys of newer kinds that sign certificates.</summary>
    NewerIssuers,

    /// <summary>ML-DSA keys that sign images.</summary>
    MlDsa,

    /// <summary>Digests that a signature may be over.</summary>
    Digests,

    /// <summary>Which digests of a signed image are looked for in dbx.</summary>
    DbxDigests,

    /// <summary>Several signatures, one of them by somebody whom dbx forbids.</summary>
    Several,

    /// <summary>Certificates in db by their hash.</summary>
    CertificateHashes,

    /// <summary>Signatures nested in others.</summary>
    Nested,

    /// <summary>Every SignerInfo counts.</summary>
    EverySigner,

    /// <summary>Certificates on the way to the trusted one.</summary>
    Authorities,

    /// <summary>Headers that say what memory may do.</summary>
    Headers,

    /// <summary>Code where headers allow none.</summary>
    Protection,
}

/// <summary>Which firmware has a rule.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="What">What it says.</param>
/// <param name="In">Who has it; empty for nobody yet.</param>
/// <param name="Source">Where it stands, in EDK2 if nothing else is said.</param>
internal sealed record FirmwareRuleFacts(FirmwareRule Rule, string What, ImmutableArray<FirmwareModel> In, string Source)
{
    /// <summary>What is to come, and where that stands; empty for nothing that is known.</summary>
    public string Coming { get; init; } = "";
}

/// <summary>
/// The one table of what differs between firmwares, or will. Releases are those that were run; sources are edk2-stable202211 and the main
/// branch of 6 August 2026, and between them the history of the change.
/// </summary>
internal static class FirmwareRules
{
    private const string Handler = "SecurityPkg DxeImageVerificationLib.c, DxeImageVerificationHandler()";

    private static readonly ImmutableArray<FirmwareModel> Newer = [FirmwareModel.Edk2202608, FirmwareModel.Ovmf202608];

    /// <summary>All rows.</summary>
    public static ImmutableArray<FirmwareRuleFacts> All { get; } = [.. Enum.GetValues<FirmwareRule>().Select(Of)];

    /// <summary>A rule's row.</summary>
    public static FirmwareRuleFacts Of(FirmwareRule rule) => rule switch
    {
        FirmwareRule.UnsignedDigests => new(rule,
            "of an unsigned image, digests by SHA-1, SHA-384 and SHA-512 count in db and dbx, too; elsewhere SHA-256 alone", Newer,
            $"{Handler}; since edk2-stable202311 (bbf1822295)"),
        FirmwareRule.EmptyUsage => new(rule, "a certificate whose keyUsage has no bit is no certificate", Newer,
            "OpenSSL 3 crypto/x509/v3_purp.c, ossl_x509v3_cache_extensions()"),
        FirmwareRule.PathOfNone => new(rule, "a certificate with CA:FALSE and a path length of 1 or more is no certificate",
            [FirmwareModel.Edk2202211], "OpenSSL 1.1.1, held against that of Debian 11"),
        FirmwareRule.Curves => new(rule,
            "keys on P-256, P-384 and P-521 sign images and certificates, Ed448 certificates; elsewhere neither is known",
            [FirmwareModel.Ovmf202608], "OvmfPkg/Include/Dsc/OvmfTlsLibs.dsc.inc, OpensslLibFull; since edk2-stable202505 (63e4713c48)"),
        FirmwareRule.NewerIssuers => new(rule,
            "a certificate that an ML-DSA-87 or SLH-DSA-SHAKE-256s key signed counts; one by ML-DSA-65 or Ed25519 does not", Newer,
            "CryptoPkg/Library/OpensslLib/OpensslStub/uefiprov.c, deflt_signature[]; since 0f07c187d0 and 2b842a2081 of July 2026"),
        FirmwareRule.MlDsa => new(rule, "an ML-DSA key signs images", [],
            "CryptoPkg CryptPkcs7VerifyCommon.c, Pkcs7Verify(): PKCS7_verify()")
        {
            Coming = "edk2-staging 520: ML-DSA-87",
        },
        FirmwareRule.Digests => new(rule,
            "a signature is over SHA-1, SHA-256, SHA-384 or SHA-512; one over SHA-3 is passed over", FirmwareModel.All,
            "SecurityPkg DxeImageVerificationLib.c, mHash[], HashPeImageByType()"),
        FirmwareRule.DbxDigests => new(rule,
            "of a signed image, dbx's digests count by the algorithms of its signatures alone", FirmwareModel.All, Handler)
        {
            Coming = "edk2-staging 551, tianocore/edk2 12107: by all, before any signature",
        },
        FirmwareRule.Several => new(rule,
            "one signature counts, in any place; but one by somebody whom dbx forbids forbids the image, whoever else signed",
            FirmwareModel.All, $"{Handler}, IsForbiddenByDbx(); UEFI 2.11 32.5.3.3, quoted in tianocore/edk2 12107")
        {
            Coming = "edk2-staging 557, tianocore/edk2 12107: the next signature is asked",
        },
        FirmwareRule.CertificateHashes => new(rule, "db names a certificate by EFI_CERT_X509_SHA256, 384 or 512; in dbx all do", [],
            "SecurityPkg DxeImageVerificationLib.c, IsAllowedByDb()")
        {
            Coming = "tianocore/edk2 12405, edk2-staging 536",
        },
        FirmwareRule.Nested => new(rule, "a signature inside another's unsigned attributes counts, for or against", [],
            "CryptoPkg CryptAuthenticode.c, AuthenticodeVerify()")
        {
            Coming = "edk2-staging 522",
        },
        FirmwareRule.EverySigner => new(rule, "every SignerInfo of a signature must lead to the same trusted certificate",
            FirmwareModel.All, "OpenSSL crypto/pkcs7/pk7_smime.c, PKCS7_verify()"),
        FirmwareRule.Authorities => new(rule,
            "an issuer with CA:FALSE, a path that is longer than allowed or an unknown critical extension ends the way to a trusted "
                + "certificate",
            FirmwareModel.All, "OpenSSL crypto/x509/x509_vfy.c, check_extensions()"),
        FirmwareRule.Headers => new(rule,
            "an image is refused for a section that is writable and executable, for less than 4 KiB of SectionAlignment or without "
                + "NX_COMPAT",
            [],
            "MdeModulePkg/Core/Dxe/Misc/MemoryProtection.c, GetProtectionPolicyFromImageType(): PROTECT_IF_ALIGNED_ELSE_ALLOW"),
        FirmwareRule.Protection => new(rule,
            "an image that is accepted and has no executable section ends in a fault when it runs (AAVMF with strict NX)",
            [FirmwareModel.Edk2202608],
            "ArmVirtPkg/ArmVirt.dsc.inc, PcdImageProtectionPolicy 3; MemoryProtection.c, SetUefiImageProtectionAttributes()"),
        _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, null),
    };
}
