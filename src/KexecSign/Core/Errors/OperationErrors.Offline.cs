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
}
