using System.Collections.Immutable;

namespace KexecSign.Simulation.Answers;

/// <summary>A rule of the kernel's that is not the same in all releases from 6.1 to 7.3.</summary>
public enum KernelRule
{
    /// <summary>SHA-3 digests.</summary>
    Sha3,

    /// <summary>Keys on P-521.</summary>
    P521,

    /// <summary>The form of a certificate's keyUsage counts.</summary>
    KeyUsage,

    /// <summary>The form of a certificate's basicConstraints counts.</summary>
    BasicConstraints,

    /// <summary>ML-DSA keys.</summary>
    MlDsa,

    /// <summary>riscv loads an Image.</summary>
    RiscVImage,

    /// <summary>loongarch has kexec_file_load.</summary>
    LoongArchFileLoad,

    /// <summary>IMA signatures of version 3 over files.</summary>
    ImaVersion3,

    /// <summary>ML-DSA in IMA and EVM signatures.</summary>
    ImaMlDsa,
}

/// <summary>Since when a rule holds; none of them was given up again.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Since">The first release that has it.</param>
/// <param name="What">What it says.</param>
/// <param name="Source">Where it stands.</param>
public sealed record KernelRuleFacts(KernelRule Rule, KernelRelease Since, string What, string Source)
{
    /// <summary>Whether a release has it.</summary>
    public bool Holds(KernelRelease release) => release >= Since;
}

/// <summary>
/// The one table of what changed between 6.1 and 7.3 for who signs images: the sources of 6.1.192, 6.12.117 and 7.3.4 beside each other,
/// releases between them from the history of the change. Of MD4, MD5, SHA-224 and SM2, which 6.1 also has, the model computes none.
/// </summary>
public static class KernelChanges
{
    /// <summary>All rows.</summary>
    public static ImmutableArray<KernelRuleFacts> All { get; } = [.. Enum.GetValues<KernelRule>().Select(Of)];

    /// <summary>Whether a release has a rule.</summary>
    public static bool Has(this KernelRelease release, KernelRule rule) => Of(rule).Holds(release);

    /// <summary>A rule's row.</summary>
    public static KernelRuleFacts Of(KernelRule rule) => rule switch
    {
        KernelRule.Sha3 => new(rule, new(6, 7), "SHA3-256, SHA3-384 and SHA3-512 as digest of image, signer and certificate",
            "crypto/asymmetric_keys/pkcs7_parser.c, pkcs7_sig_note_digest_algo()"),
        KernelRule.P521 => new(rule, new(6, 10), "ECDSA keys on P-521",
            "crypto/asymmetric_keys/x509_cert_parser.c, x509_extract_key_data()"),
        KernelRule.KeyUsage => new(rule, new(6, 4), "a certificate whose keyUsage has another form than the kernel reads is refused",
            "crypto/asymmetric_keys/x509_cert_parser.c, x509_process_extension()"),
        KernelRule.BasicConstraints => new(rule, new(6, 4),
            "a certificate whose basicConstraints has another form than the kernel reads is refused",
            "crypto/asymmetric_keys/x509_cert_parser.c, x509_process_extension()"),
        KernelRule.MlDsa => new(rule, new(7, 0), "ML-DSA keys, where CRYPTO_MLDSA is on; signed attributes must be hashed by SHA-512",
            "crypto/asymmetric_keys/public_key.c, software_key_determine_akcipher()"),
        KernelRule.RiscVImage => new(rule, new(6, 16), "riscv loads an Image, without a check of signatures; before, ELF kernels only",
            "arch/riscv/kernel/kexec_image.c"),
        KernelRule.LoongArchFileLoad => new(rule, new(6, 18), "loongarch has kexec_file_load, without a check of signatures",
            "arch/loongarch/kernel/kexec_efi.c"),
        KernelRule.ImaVersion3 => new(rule, new(7, 1),
            "signatures of version 3 over files in security.ima, and over metadata in security.evm; before, over fs-verity digests only",
            "security/integrity/ima/ima_appraise.c, xattr_verify()"),
        KernelRule.ImaMlDsa => new(rule, new(7, 2), "ML-DSA keys for IMA and EVM, in signatures of version 3, where CRYPTO_MLDSA is on",
            "security/integrity/digsig_asymmetric.c, asymmetric_verify_v3_hashless()"),
        _ => throw new ArgumentOutOfRangeException(nameof(rule), rule, null),
    };
}
