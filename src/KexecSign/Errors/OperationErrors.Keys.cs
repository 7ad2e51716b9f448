using KexecSign.Formats.Errors;

namespace KexecSign.Errors;

public static partial class OperationErrors
{
    /// <summary>A key profile that is no JSON or has a field it should not have.</summary>
    public static readonly ErrorCode ProfileMalformed = new(
        "KS3401", "the key profile is not what it should be: {0}.", "keys/README.md describes the fields; comments and trailing commas are allowed.", ExitCode.WrongUsage);

    /// <summary>A key profile whose fields do not make sense.</summary>
    public static readonly ErrorCode ProfileRefused = new(
        "KS3402", "key '{0}' of the profile: {1}.", "keys/README.md describes the fields.", ExitCode.WrongUsage);

    /// <summary>A certificate could not be made.</summary>
    public static readonly ErrorCode CertificateNotMade = new(
        "KS3403", "the certificate of key '{0}' could not be made: {1}.", "Check subject and validity in the profile.");
}
