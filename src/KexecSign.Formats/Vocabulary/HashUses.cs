namespace KexecSign.Formats.Vocabulary;

/// <summary>What a hash algorithm may be used for, as the consumers of the result know it.</summary>
[Flags]
public enum HashUses
{
    /// <summary>Nothing but reading what others signed.</summary>
    None = 0,

    /// <summary>
    /// The digest of a PE image and of the signature over it (mscode_parser.c, pkcs7_parser.c). Which consumers take it is the models'
    /// matter.
    /// </summary>
    Image = 1,

    /// <summary>Signatures appended to modules and kernels (pkcs7_parser.c).</summary>
    Module = 2,

    /// <summary>security.ima and security.evm (security/integrity/digsig_asymmetric.c).</summary>
    Ima = 4,

    /// <summary>Signatures that only our own and general tools read: provenance, PCR policies, UEFI updates.</summary>
    General = 8,
}
