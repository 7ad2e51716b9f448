using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A folder or pattern that holds nothing to work on.</summary>
    internal static readonly ErrorCode NothingSelected = new(
        "KS3901", "'{0}' leads to no {1}.", "Check the path or the pattern; quote patterns, so that the shell leaves them alone.",
        ErrorKind.Usage);

    /// <summary>A list of files that is no list.</summary>
    internal static readonly ErrorCode FileListUnreadable = new(
        "KS3902", "the list of files cannot be used: {0}.", "Give a text file with one path a line, or paths that end with a zero byte.",
        ErrorKind.Usage);

    /// <summary>A signature is there already.</summary>
    internal static readonly ErrorCode AppendedAlready = new(
        "KS3911", "the file carries an appended signature already.",
        "Say [option:replace] to take it away first, or [option:skip-signed] to leave the file alone when it holds by this key.");

    /// <summary>A compressed module cannot be opened.</summary>
    internal static readonly ErrorCode ModuleCompression = new(
        "KS3913", "the {0} data cannot be opened: {1}.", "The file is cut or damaged; get it again.");

    /// <summary>A compressed module that grows beyond all modules.</summary>
    internal static readonly ErrorCode ModuleTooLarge = new(
        "KS3914", "the {0} data grows beyond 0x{1:x} bytes.", "No kernel module is that large; check where the file comes from.");

    /// <summary>A name that a line cannot hold.</summary>
    internal static readonly ErrorCode ManifestName = new(
        "KS3921", "the name '{0}' holds a line's end, which a manifest cannot carry.", "Rename the file, or use [option:tar].");

    /// <summary>A line of a manifest.</summary>
    internal static readonly ErrorCode ManifestLine = new(
        "KS3922", "line {0} of the manifest is not to be used: {1}.", "Write it with [run:ima sign, manifest].");

    /// <summary>An attribute could not be set.</summary>
    internal static readonly ErrorCode AttributeNotSet = new(
        "KS3923", "{0} was not set: {1}.", "Run as root for security.ima, or use [option:xattr user], [option:sidecar] or [option:tar].");

    /// <summary>fs-verity signatures are of version 3.</summary>
    internal static readonly ErrorCode VerityVersion = new(
        "KS3924", "fs-verity digests are signed in version 3 only.", "Leave [option:version] out, or say [option:version 3].",
        ErrorKind.Usage);

    /// <summary>ML-DSA signs values of version 3.</summary>
    internal static readonly ErrorCode MlDsaVersion = new(
        "KS3927", "{0} is asked to sign a value of version 2, in which no kernel takes ML-DSA: the signature there is over a hash "
            + "(-ENOPKG, Linux security/integrity/digsig_asymmetric.c, asymmetric_verify_common()).",
        "Leave [option:version] out, or say [option:version 3], for Linux 7.2 and later; for older kernels use an RSA or ECDSA key.",
        ErrorKind.Usage);

    /// <summary>An RPM package has IMA signatures already.</summary>
    internal static readonly ErrorCode RpmSignedAlready = new(
        "KS3926", "{0} of the package's {1} files have IMA signatures already.",
            "Say [option:replace] to sign them anew, or [option:skip-signed] to leave the package alone when all hold by this key.");

    /// <summary>Options of EVM without EVM.</summary>
    internal static readonly ErrorCode EvmNotWanted = new(
        "KS3925", "[option:owner], [option:mode], [option:selinux] and [option:capability] say what an EVM signature covers, and none is "
            + "asked for.", "Add [option:evm], or leave them out.", ErrorKind.Usage);
}
