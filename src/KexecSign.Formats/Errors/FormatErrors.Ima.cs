namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>Not a signature value.</summary>
    public static readonly ErrorCode NotImaSignature = new(
        "KS1401", "the value begins with {0} and is {1} bytes long; a security.ima signature begins with 0302, 0303 or 0603 and has at "
            + "least 10.",
        "Give the sidecar that [run:ima sign] or 'evmctl ima_sign --sigfile' wrote.");

    /// <summary>sig_size and the value's length disagree.</summary>
    public static readonly ErrorCode ImaSignatureLength = new(
        "KS1402", "the value is {0} bytes long but its header announces {1} (9 and a signature of {2}); the kernel compares exactly.",
        "The value is cut short or something was appended; sign again.");

    /// <summary>Hash algorithm id unknown here.</summary>
    public static readonly ErrorCode UnknownImaHash = new(
        "KS1403", "hash algorithm {0} is not supported in an IMA signature.", "Use SHA-256, SHA-384 or SHA-512 (ids 4, 5, 6).");

    /// <summary>A certificate that no keyring search could find.</summary>
    public static readonly ErrorCode ShortKeyIdentifier = new(
        "KS1404", "the certificate's SubjectKeyIdentifier has {0} bytes; IMA names keys by its last 4.",
        "Make a certificate with a SubjectKeyIdentifier of 20 bytes.");

    /// <summary>fs-verity knows two hash algorithms.</summary>
    public static readonly ErrorCode VerityHash = new(
        "KS1405", "fs-verity has no {0}; it hashes with SHA-256 or SHA-512.", "Say [option:digest sha256] or [option:digest sha512].");

    /// <summary>EVM covers security.ima.</summary>
    public static readonly ErrorCode EvmWithoutIma = new(
        "KS1406", "a portable EVM signature covers security.ima, and there is none to cover.",
        "Sign for IMA in the same go: [run:ima sign, evm].");

    /// <summary>Not a portable EVM signature.</summary>
    public static readonly ErrorCode NotEvmSignature = new(
        "KS1407", "the value begins with {0} and is {1} bytes long; a portable EVM signature begins with 0502 or 0503 and has at least 10.",
        "Give the sidecar FILE.evm.sig that [run:ima sign, evm] wrote.");
}
