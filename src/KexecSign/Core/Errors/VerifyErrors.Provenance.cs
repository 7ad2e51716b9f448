using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class VerifyErrors
{
    /// <summary>Not signed by anyone known.</summary>
    internal static readonly ErrorCode ProvenanceNotTrusted = new(
        "KS4661", "none of the envelope's {0} signature(s) holds by any of the {1} certificate(s) given.",
        "Give the certificate of the key that signed it, or get the provenance again.", ErrorKind.Verdict);

    /// <summary>A file that it does not speak of.</summary>
    internal static readonly ErrorCode ProvenanceOtherFile = new(
        "KS4662", "none of the provenance's {0} subject(s) has the SHA-256 {1} of {2}.",
        "The file was made or changed by someone else; get it again.", ErrorKind.Verdict);

    /// <summary>A part that differs.</summary>
    internal static readonly ErrorCode ProvenanceOtherPart = new(
        "KS4663", "the provenance says {1} of {0}, the file has {2}.", "It was not written for this file; get both again.",
        ErrorKind.Verdict);
}
