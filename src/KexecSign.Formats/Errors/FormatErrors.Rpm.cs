namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>Not an RPM package.</summary>
    public static readonly ErrorCode NotRpm = new(
        "KS1801", "this is no RPM package: at 0x{0:x} there should be {1}.", "Give a finished package, FILE.rpm.");

    /// <summary>A header that contradicts itself.</summary>
    public static readonly ErrorCode RpmHeader = new(
        "KS1802", "the {0} header at 0x{1:x} is broken: {2}.",
        "The package is cut short or was changed; get it again from where it was built.");

    /// <summary>Digests of files that IMA cannot use.</summary>
    public static readonly ErrorCode RpmFileDigests = new(
        "KS1803", "the package has {0} file(s) and {1} digest(s), by hash algorithm {2}; IMA signs SHA-256, SHA-384 or SHA-512 (8, 9, 10).",
        "Build it with '%_source_filedigest_algorithm 8' and '%_binary_filedigest_algorithm 8'.");

    /// <summary>The main header is not the one that was hashed.</summary>
    public static readonly ErrorCode RpmHeaderDigest = new(
        "KS1804", "the package's main header has SHA-256 {0}, but its signature header says {1}.",
        "The package was changed after it was built; get it again.");
}
