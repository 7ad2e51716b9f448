using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A key profile that is no JSON or has a field it should not have.</summary>
    internal static readonly ErrorCode ProfileMalformed = new(
        "KS3401", "the key profile is not what it should be: {0}.",
        "keys/README.md describes the fields; comments and trailing commas are allowed.", ErrorKind.Usage);

    /// <summary>A key profile whose fields do not make sense.</summary>
    internal static readonly ErrorCode ProfileRefused = new(
        "KS3402", "key '{0}' of the profile: {1}.", "keys/README.md describes the fields.", ErrorKind.Usage);

    /// <summary>A certificate could not be made.</summary>
    internal static readonly ErrorCode CertificateNotMade = new(
        "KS3403", "the certificate of key '{0}' could not be made: {1}.", "Check subject and validity in the profile.");

    /// <summary>DER has room for one certificate.</summary>
    internal static readonly ErrorCode DerTakesOne = new(
        "KS3404", "{0} certificates were given but DER holds one.", "Use [option:format pem] or esl, or export them one by one.",
        ErrorKind.Usage);

    /// <summary>An update that nobody signs.</summary>
    internal static readonly ErrorCode EnrolmentUnsigned = new(
        "KS3405", "{0} is to be enrolled but {1} to sign it is not named.", "Add {2}.", ErrorKind.Usage);

    /// <summary>An ML-DSA key where nobody would verify its signature.</summary>
    internal static readonly ErrorCode MlDsaRefused = new(
        "KS3408", "'{0}' does not sign with {1}: {2}.",
        "Use an RSA or ECDSA key; ML-DSA is for 'module sign', 'bpf container', 'sign', and for IMA and EVM.", ErrorKind.Usage);

    /// <summary>ML-DSA signs the content itself, which must be in memory for that.</summary>
    internal static readonly ErrorCode MlDsaContentTooLong = new(
        "KS3409", "ML-DSA signs the content itself, which with {0} bytes is longer than the {1} that can be taken at once.",
        "Use an RSA or ECDSA key for files of this size.");

    /// <summary>Nothing to enrol.</summary>
    internal static readonly ErrorCode NothingToEnroll = new(
        "KS3406", "nothing is named for PK, KEK, db or dbx.",
        "Give [option:pk], [option:kek], [option:db], [option:dbx] or [option:dbx-digest].", ErrorKind.Usage);

    /// <summary>A platform key update for a firmware that takes no appending to it.</summary>
    internal static readonly ErrorCode PlatformKeyAppended = new(
        "KS3407", "PK holds exactly one certificate, so nothing can be appended to it.",
        "Leave [option:append] out, or name what [option:pk] is to sign with [option:kek].", ErrorKind.Usage);
}
