namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>A SBAT table that shim does not take.</summary>
    public static readonly ErrorCode BrokenSbat = new(
        "KS1701", "row {0} of the SBAT table cannot be read: {1} (shim sbat.c, parse_sbat_section()).",
        "Write rows of 'component,generation,vendor,package,version,url'.");

    /// <summary>A table that is to be written, and that readers would not all take alike.</summary>
    public static readonly ErrorCode UnsoundSbat = new(
        "KS1524", "the SBAT rows are not all read alike: {0}.",
        "Write rows of 'component,generation,vendor,package,version,url' with generations from 0 to 65535, one a line.");

    /// <summary>Two sections.</summary>
    public static readonly ErrorCode SbatTwice = new(
        "KS1520", "the image has two .sbat sections; shim refuses it (verify.c, verify_buffer_sbat()).", "Keep one.");

    /// <summary>A section with relocations.</summary>
    public static readonly ErrorCode SbatRelocations = new(
        "KS1521", ".sbat has {0} relocation(s) at 0x{1:x}; shim refuses it (verify.c, verify_buffer_sbat()).", "Link it without.");

    /// <summary>A section that lies outside the file.</summary>
    public static readonly ErrorCode SbatOutside = new(
        "KS1522", ".sbat lies from 0x{0:x} to 0x{1:x}, the file ends at 0x{2:x}; shim refuses it (verify.c, verify_buffer_sbat()).",
        "Get the file again.");

    /// <summary>A section beyond all measure.</summary>
    public static readonly ErrorCode SbatTooLong = new(
        "KS1523", ".sbat has 0x{0:x} bytes; at most 0x{1:x} are read.", "Write a table of a few rows.");
}
