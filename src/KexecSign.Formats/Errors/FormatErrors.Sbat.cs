namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>A SBAT table that shim does not take.</summary>
    public static readonly ErrorCode BrokenSbat = new(
        "KS1701", "row {0} of the SBAT table cannot be read: {1}.", "Write rows of 'component,generation,vendor,package,version,url', the first for 'sbat'.");
}
