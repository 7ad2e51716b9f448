using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class VerifyErrors
{
    /// <summary>No appended signature.</summary>
    internal static readonly ErrorCode NotAppended = new(
        "KS4141", "the file carries no appended signature.", "Sign it with [run:module sign].", ErrorKind.Verdict);

    /// <summary>Nobody known signed it.</summary>
    internal static readonly ErrorCode AppendedKeyUnknown = new(
        "KS4142", "the appended signature names {0}, which is none of the {1} certificate(s) given (-ENOKEY).",
        "Give the certificate that is in the kernel's keyring.", ErrorKind.Verdict);

    /// <summary>A signature that cannot be judged on this machine.</summary>
    internal static readonly ErrorCode MlDsaNotJudged = new(
        "KS4144", "the signature of {0} is {1}, which this machine's OpenSSL cannot verify.",
        "Verify it where OpenSSL is 3.5 or newer (Debian 13).");

    /// <summary>The appended signature does not hold.</summary>
    internal static readonly ErrorCode AppendedWrong = new(
        "KS4143", "the appended signature of {0} does not hold for the content's {1} {2} (-EKEYREJECTED).",
        "The file was changed after it was signed; get it again, or sign it again.", ErrorKind.Verdict);
}
