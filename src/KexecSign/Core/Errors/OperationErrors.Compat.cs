using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A PKCS#7 is not for this image.</summary>
    internal static readonly ErrorCode SignatureOfAnother = new(
        "KS3850", "the signature is over the image digest {0} {1}, but this image has {2}.",
        "Give the signature that was made of exactly this image.");

    /// <summary>A PKCS#7 does not hold by its own certificate.</summary>
    internal static readonly ErrorCode SignatureUnsound = new(
        "KS3851", "the signature of {0} does not hold by the certificate that travels with it.",
        "Have it made again; nothing was written.");

    /// <summary>There is no signature to take out.</summary>
    internal static readonly ErrorCode ExtractedIndexMissing = new(
        "KS3852", "the image carries {0} signature(s), and number {1} is wanted.", "[run:signatures list] counts them from 0.");

    /// <summary>A key id that is none.</summary>
    internal static readonly ErrorCode KeyIdMalformed = new(
        "KS3853", "'{0}' is no key id.", "Give 1 to 8 hex digits other than zero, as [run:ima show] prints it.", ErrorKind.Usage);

    /// <summary>A name that is no compat command.</summary>
    public static readonly ErrorCode PeerUnknown = new(
        "KS3854", "'{0}' is none of the commands that [run:as] answers to.", "It answers to {1}.", ErrorKind.Usage);

    /// <summary>An option that the peer has and we refuse on purpose.</summary>
    public static readonly ErrorCode PeerOptionRefused = new(
        "KS3855", "{0} {1} is refused: {2}.", "The way out: {3}.");

    /// <summary>An option that the peer does not have either.</summary>
    public static readonly ErrorCode PeerOptionUnknown = new(
        "KS3856", "{0} has no option '{1}'.", "It has {2}; [run:{3}, help] tells what the native command has.");

    /// <summary>An option without its value.</summary>
    public static readonly ErrorCode PeerOptionBare = new(
        "KS3857", "option '{1}' of {0} needs a value.", "'{0} --help' shows how it is used.");

    /// <summary>A digest algorithm that consumers no longer take.</summary>
    public static readonly ErrorCode PeerDigestRefused = new(
        "KS3858", "{0} {1} is refused: {2}.", "Use one of {3}.");

    /// <summary>A key store of NSS.</summary>
    public static readonly ErrorCode NssRefused = new(
        "KS3859", "the NSS folder {0} is not read.",
        "Take the key out of it with 'pk12util -o db.p12 -n NAME -d {0}' and import it into a token, then name it by -t TOKEN -c NAME or "
            + "by a PKCS#11 URI in KEXECSIGN_PESIGN_KEY and KEXECSIGN_PESIGN_CERT.");

    /// <summary>A value has no signature by the key.</summary>
    internal static readonly ErrorCode RawSignatureUnsound = new(
        "KS3860", "the file is no PKCS#7 that can stand behind a module: {0}",
        "Give what 'sign-file -d' or [run:module sign, detached] wrote.");

    /// <summary>EVM over metadata without an IMA value.</summary>
    internal static readonly ErrorCode EvmNeedsIma = new(
        "KS3861", "the file has no {0}.ima, which a portable EVM signature covers.",
        "Sign it for IMA first, or give the value with [option:ima].");

    /// <summary>An attribute could not be set.</summary>
    internal static readonly ErrorCode XattrNotSet = new(
        "KS3862", "{0} was not set: {1}.", "security.* needs root; user.* does not.");

    /// <summary>A policy of an agent cannot be read.</summary>
    internal static readonly ErrorCode AgentPolicyMalformed = new(
        "KS3873", "the agent's policy is malformed: {0}.", "It has keys, each with key, kinds and count; count; until.", ErrorKind.Usage);

    /// <summary>The chain of an audit log is broken.</summary>
    internal static readonly ErrorCode AuditBroken = new(
        "KS3874", "line {0} of the audit log is wrong: {1}.",
        "Somebody changed the log, or it was cut off; keep it as it is and begin another one.", ErrorKind.Verdict);

    /// <summary>Content that an agent does not sign.</summary>
    internal static readonly ErrorCode AgentContentRefused = new(
        "KS3875", "the content is not signed: {0}.", "Name content for what it is.");

    /// <summary>No key for an agent.</summary>
    internal static readonly ErrorCode AgentWithoutKeys = new(
        "KS3876", "no key is named that the agent could hold.", "Name them with [option:key], or in a policy.", ErrorKind.Usage);

    /// <summary>The policy says no.</summary>
    internal static readonly ErrorCode AgentPolicyRefused = new(
        "KS3877", "the policy forbids it: {0}.", "Give the agent another policy, or use another key.");

    /// <summary>The command cannot be started.</summary>
    internal static readonly ErrorCode AgentCommand = new(
        "KS3878", "'{0}' cannot be started: {1}.", "Check its path.");
}
