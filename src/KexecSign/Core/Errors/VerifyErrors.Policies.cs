using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class VerifyErrors
{
    /// <summary>A consumer that must accept the image does not.</summary>
    internal static readonly ErrorCode PolicyConsumer = new(
        "KS4640", "the policy asks this consumer to accept the image: {0}.",
        "Correct what the consumer refuses, or take it out of 'consumers'.", ErrorKind.Verdict);

    /// <summary>Too few or too many signatures.</summary>
    internal static readonly ErrorCode PolicySignatureMissing = new(
        "KS4641", "the policy asks for another number of signatures: {0}.",
        "Sign the image, or remove signatures with [run:signatures remove].", ErrorKind.Verdict);

    /// <summary>A key that is not listed.</summary>
    internal static readonly ErrorCode PolicyKey = new(
        "KS4642", "the policy does not list this key: {0}.", "Sign with a key that is listed, or add the fingerprint to 'keys'.",
        ErrorKind.Verdict);

    /// <summary>An algorithm that is not listed.</summary>
    internal static readonly ErrorCode PolicyAlgorithm = new(
        "KS4643", "the policy does not list this algorithm: {0}.",
        "Sign with another key or [option:digest], or add the algorithm to the policy.", ErrorKind.Verdict);

    /// <summary>A certificate that ends too soon.</summary>
    internal static readonly ErrorCode PolicyExpiry = new(
        "KS4644", "the policy asks for a certificate that is valid longer: {0}.",
        "Renew the certificate, or ask for fewer days in 'validDays'.", ErrorKind.Verdict);

    /// <summary>SBAT is missing or too old.</summary>
    internal static readonly ErrorCode PolicySbat = new(
        "KS4645", "the policy asks for another .sbat: {0}.", "Build from sources that carry the generation asked for.", ErrorKind.Verdict);

    /// <summary>Parser missing, forbidden or of another series.</summary>
    internal static readonly ErrorCode PolicyParser = new(
        "KS4646", "the policy asks for another parser: {0}.",
        "Embed the parser of the kernel series asked for with [run:bpf embed], or leave it out.", ErrorKind.Verdict);

    /// <summary>A kernel of another release.</summary>
    internal static readonly ErrorCode PolicyRelease = new(
        "KS4722", "the policy asks for a kernel of another release: {0}.",
        "Build the kernel of a release that 'releases' of the policy names.", ErrorKind.Verdict);

    /// <summary>Building again gives other bytes.</summary>
    internal static readonly ErrorCode PolicyReproducible = new(
        "KS4647", "the policy asks for an image that can be built again to the same bytes: {0}.",
            "Leave [option:timestamp] and [option:signing-time] out, and sign with an RSA key.", ErrorKind.Verdict);

    /// <summary>A digest or key that is not to be relied on.</summary>
    internal static readonly ErrorCode PolicyWeak = new(
        "KS4163", "the policy allows nothing weak by silence: {0}.",
            "Sign with a key and digest of today; 'digests' and 'algorithms' can name it, and \"weak\": \"allow\" takes any.",
            ErrorKind.Verdict);

    /// <summary>A demand on the kit of an image that nobody could hold the kit against, or nothing else to hold it against.</summary>
    internal static readonly ErrorCode PolicyKit = new(
        "KS4165", "the policy says which kits are allowed, and {0}.",
        "Build with [option:kit], and verify what was built by rules about signatures or consumers.", ErrorKind.Verdict);

    /// <summary>A kind of file that a policy does not speak of.</summary>
    internal static readonly ErrorCode PolicySilent = new(
        "KS4166", "the policy says nothing of {0}, and what it does not allow is refused.",
        "Give the policy {1}, or keep such files out of what is judged.", ErrorKind.Verdict);

    /// <summary>A link in a tree that leads out of it.</summary>
    internal static readonly ErrorCode GateLink = new(
        "KS4167", "it is a link to '{0}', which is not below the folder that is judged; who follows it takes what nobody looked at.",
        "Put the file itself there, or judge the folder that it lies in too.", ErrorKind.Verdict);

    /// <summary>A package in a tree.</summary>
    internal static readonly ErrorCode GatePackage = new(
        "KS4168", "it is a package, and the files in it are not seen from outside.",
        "Unpack it ('dpkg-deb -x', 'rpm2cpio | cpio -id') and judge the folder, or judge the files before they are packed.",
        ErrorKind.Verdict);

    /// <summary>An image for other machines.</summary>
    internal static readonly ErrorCode PolicyArchitecture = new(
        "KS4164", "the policy asks for an image of another architecture: {0}.",
        "Give the image that is for it, or correct 'architecture'.", ErrorKind.Verdict);

    /// <summary>A signature that names the right signer and is not theirs.</summary>
    internal static readonly ErrorCode PolicySignatureWrong = new(
        "KS4648", "the policy asks for signatures that hold: {0}.",
        "Get the file again from where it was signed; for IMA give the signer's certificate.", ErrorKind.Verdict);
}
