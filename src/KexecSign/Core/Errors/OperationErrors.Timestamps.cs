using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>No timestamp to be had.</summary>
    internal static readonly ErrorCode NoTimestamp = new(
        "KS3801", "{0} of {1} timestamp server(s) were asked and none gave a timestamp: {2}.",
        "Try again, or name another with [option:timestamp]; nothing was written.");

    /// <summary>Anybody may answer.</summary>
    internal static readonly ErrorCode AuthorityMissing = new(
        "KS3333", "nothing says whose timestamps are to be taken.",
            "Give the authority's certificate, or its issuer's, with [option:tsa]; [option:tsa-unverified] takes an answer of anybody.",
            ErrorKind.Usage);

    /// <summary>SOURCE_DATE_EPOCH is no time.</summary>
    internal static readonly ErrorCode SourceDateEpochWrong = new(
        "KS3802", "SOURCE_DATE_EPOCH is '{0}', not a number of seconds since 1970.",
        "Set it to such a number, or unset it to take the clock's time.", ErrorKind.Usage);

    /// <summary>A signing time that the kernel refuses.</summary>
    internal static readonly ErrorCode SigningTimeOutside = new(
        "KS3803", "the signing time {0:u} lies outside the certificate's validity, {1:u} to {2:u}; the kernel refuses such signatures.",
        "Leave [option:signing-time] out, or set SOURCE_DATE_EPOCH to a time when the certificate is valid.");
}
