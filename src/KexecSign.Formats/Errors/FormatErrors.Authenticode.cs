namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>An entry of the certificate table is longer than the table, or shorter than its header.</summary>
    public static readonly ErrorCode CertificateEntryLength = new(
        "KS1501", "the certificate entry at 0x{0:x} has dwLength 0x{1:x}; 0x8 to 0x{2:x} are possible there.",
        "The table is damaged; strip it and sign again.");

    /// <summary>An entry that is no PKCS#7 of revision 2.</summary>
    public static readonly ErrorCode CertificateEntryType = new(
        "KS1502", "the certificate entry at 0x{0:x} has revision 0x{1:x} and type 0x{2:x}; kernel and firmware take 0x200 and 0x2 only.",
        "Strip the table and sign again.");

    /// <summary>Bytes behind the DER inside an entry.</summary>
    public static readonly ErrorCode CertificateEntryPadding = new(
        "KS1503", "the PKCS#7 in the certificate entry at 0x{0:x} ends at 0x{1:x} but 0x{2:x} bytes that are not zero padding follow in it.",
        "Data there is covered by no signature (CVE-2013-3900); strip the table and sign again.");

    /// <summary>The content is no DER SEQUENCE of the stated length.</summary>
    public static readonly ErrorCode NotDer = new(
        "KS1504", "the certificate entry at 0x{0:x} holds no DER SEQUENCE that fits its 0x{1:x} bytes.",
        "Strip the table and sign again.");

    /// <summary>PKCS#7 that the kernel cannot read.</summary>
    public static readonly ErrorCode SignatureTooLarge = new(
        "KS1505", "the PKCS#7 is 0x{0:x} bytes; the kernel reads at most 0x{1:x}.",
        "Leave chain certificates out.");

    /// <summary>Not a SignedData over SpcIndirectDataContent.</summary>
    public static readonly ErrorCode NotAuthenticode = new(
        "KS1506", "the certificate entry holds {0}, not an Authenticode signature ({1}).",
        "Strip it and sign again.");

    /// <summary>A digest algorithm that this project neither writes nor checks.</summary>
    public static readonly ErrorCode UnknownDigest = new(
        "KS1507", "digest algorithm {0} is not known.",
        "Use SHA-256, SHA-384 or SHA-512; the kernel takes SHA3-256, SHA3-384 and SHA3-512 as well, firmware and shim do not.");

    /// <summary>A digest whose length does not fit its algorithm.</summary>
    public static readonly ErrorCode DigestLength = new(
        "KS1508", "the image digest has {0} bytes but {1} gives {2}.", "The signature is damaged or forged; strip it and sign again.");

    /// <summary>More certificates than any consumer would read.</summary>
    public static readonly ErrorCode CertificateTableTooLarge = new(
        "KS1509", "the certificate table at 0x{0:x} has 0x{1:x} bytes; at most 0x{2:x} are read.",
        "The table is damaged; strip it and sign again.");

    /// <summary>An index beyond the table.</summary>
    public static readonly ErrorCode NoSuchSignature = new(
        "KS1510", "there is no signature {0}; the image has {1}, counted from 0.", "[run:signatures list] shows them.");

    /// <summary>Signed attributes that no Authenticode signature can have.</summary>
    public static readonly ErrorCode NotSignedAttributes = new(
        "KS1511", "these are no signed attributes of an Authenticode signature: {0}.",
        "Export them again, or sign the attributes that [run:prepare] wrote.");
}
