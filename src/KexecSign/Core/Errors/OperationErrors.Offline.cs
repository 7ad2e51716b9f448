using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A signature made elsewhere is longer or shorter than what the padding was made for.</summary>
    internal static readonly ErrorCode SignatureDoesNotFit = new(
        "KS3711", "the PKCS#7 made elsewhere is 0x{0:x} bytes and takes 0x{1:x} in the table; the image was padded for 0x{2:x}.",
        "With [option:fit] let the signer sign the attributes only, which leaves the length as foreseen.");

    /// <summary>The folder holds something else.</summary>
    internal static readonly ErrorCode NotABundle = new(
        "KS3712", "this is no bundle: {0}.", "Name a folder that [run:prepare] made.");

    /// <summary>A name that is not what it looks like.</summary>
    internal static readonly ErrorCode NameHides = new(
        "KS3332", "the name {0} has characters that are not seen, or that change how the rest is.",
        "Give the file a plain name; whoever approves the bundle reads it.", ErrorKind.Usage);

    /// <summary>A second round before the first is done.</summary>
    internal static readonly ErrorCode StageWaits = new(
        "KS3713", "stage {0} of the bundle still waits for its {1} signature(s).", "Run [run:attach] on it first, or take a new folder.");

    /// <summary>Nothing waits for signatures.</summary>
    internal static readonly ErrorCode NothingPrepared = new(
        "KS3714", "all {0} stage(s) of the bundle are attached already.", "Run [run:prepare] for the next round first.");

    /// <summary>Answers are missing.</summary>
    internal static readonly ErrorCode AnswersMissing = new(
        "KS3715", "{0} of {1} file(s) have no signature yet: {2}.",
        "Put the answers into {3}, or name them with [option:answer]; nothing was written.");

    /// <summary>An answer that belongs to nothing in the bundle.</summary>
    internal static readonly ErrorCode AnswerFitsNothing = new(
        "KS3716", "{0} of {1} bytes fits none of the {2} file(s) of stage {3} by the certificate of {4}.",
        "Check that this bundle's requests were signed, with that certificate's key and digest {5}; 'openssl pkeyutl' needs '-pkeyopt "
            + "digest:{5}'.");

    /// <summary>A PKCS#7 that is for the right file, but not sound or by someone else.</summary>
    internal static readonly ErrorCode AnswerWrong = new(
        "KS3717", "the PKCS#7 is for {0} but {1}.", "Have the file signed again with the key of the bundle's certificate.");

    /// <summary>The file to be signed is no longer what was prepared.</summary>
    internal static readonly ErrorCode ChangedSincePrepared = new(
        "KS3718", "the image digest is {1} now but {0} was sent to be signed.", "Prepare it again, or give the file that was prepared.");

    /// <summary>An answer is much too large.</summary>
    internal static readonly ErrorCode NoAnswers = new(
        "KS3719", "there is no answer in {0}.", "Put the signatures there, or name them with [option:answer].");

    /// <summary>An operation whose signatures cover one another, or that has no use for bundles.</summary>
    internal static readonly ErrorCode NotElsewhere = new(
        "KS3720", "'{0}' cannot have its signatures made elsewhere.",
        "Sign its parts one by one with keys of 'prepare:' and 'attach:', or use a key that signs here.", ErrorKind.Usage);

    /// <summary>Nothing that came back is over what a file is now.</summary>
    internal static readonly ErrorCode SignatureMissing = new(
        "KS3721", "no signature in {0} is over {1} {2}, which is what {3} needs.",
        "Have the bundle signed; if the file was changed since it was prepared, prepare it again.");

    /// <summary>A rehearsal that did not end well.</summary>
    internal static readonly ErrorCode RehearsalFailed = new(
        "KS3722", "nothing was written, because {0} file(s) would have failed, the first of them: {1}",
        "Mend what is said of them and run it again.");

    /// <summary>A key that is elsewhere and has no certificate here.</summary>
    internal static readonly ErrorCode ElsewhereUnknown = new(
        "KS3723", "the key of {0} is known by its certificate alone, and none was given.", "Give the certificate of whoever is to sign.",
        ErrorKind.Usage);

    /// <summary>Several bundles in one run.</summary>
    internal static readonly ErrorCode BundlesMixed = new(
        "KS3724", "one run cannot take {0} and {1}.", "Take one bundle for all keys of a run that are elsewhere.", ErrorKind.Usage);

    /// <summary>An answer that holds by no certificate of the bundle.</summary>
    internal static readonly ErrorCode AnswerUnsound = new(
        "KS3725", "{0} holds {1} bytes that are no signature by the key of {2}{3}.",
        "Have the requests of this bundle signed with the key of that certificate, and put nothing else beside the answers.");

    /// <summary>A bundle whose request is not what it says.</summary>
    internal static readonly ErrorCode RequestWrong = new(
        "KS3726", "request {0} of stage {1} is not to be signed: {2}.", "Ask whoever made the bundle; nothing was signed.");

    /// <summary>Nothing in a bundle for this key.</summary>
    internal static readonly ErrorCode NothingForKey = new(
        "KS3727", "no stage of the bundle waits for a signature by {0}: {1}.",
        "Give the key and certificate that the bundle was prepared for; to sign it anew take the answers away.");

    /// <summary>A cpio archive that cannot be read.</summary>
    internal static readonly ErrorCode ArchiveUnfit = new(
        "KS3728", "the archive cannot be used: {0}.", "Make it with 'cpio -H newc -o' of regular files, as brp-99-pesign does.");

    /// <summary>A file that has no name in an archive.</summary>
    internal static readonly ErrorCode NotBelow = new(
        "KS3729", "'{0}' is not below the folder {1}, by which the archive names its files.",
        "Run it in the build root, as brp-99-pesign does.", ErrorKind.Usage);
}
