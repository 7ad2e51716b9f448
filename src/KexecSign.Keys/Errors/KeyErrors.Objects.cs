using KexecSign.Formats.Errors;

namespace KexecSign.Keys.Errors;

public static partial class KeyErrors
{
    /// <summary>No object matches.</summary>
    public static readonly ErrorCode ObjectMissing = new(
        "KS2030", "token '{0}' has no {1} that matches {2}; it has {3}.", "Correct object= or id= in the URI ([run:keys list] shows all).");

    /// <summary>More than one object matches.</summary>
    public static readonly ErrorCode ObjectAmbiguous = new(
        "KS2031", "{0} objects match {1}: {2}.",
        "Add id= or object= to the URI so that one remains; where they have both alike, give the certificate as a file.");

    /// <summary>The reference's type= is not what is wanted.</summary>
    public static readonly ErrorCode TypeUnfit = new(
        "KS2032", "the URI says type={0} but a {1} is wanted here.", "Leave type= out or correct it.", ErrorKind.Usage);

    /// <summary>A key of a kind that kernel or firmware do not take.</summary>
    public static readonly ErrorCode KeyUnsupported = new(
        "KS2033", "key {0} is {1}.",
        "Kernel and firmware verify RSA (PKCS#1 v1.5, not PSS) of 2048, 3072 and 4096 bits and ECDSA on P-256, P-384 and P-521; Linux "
        + "7.0 also ML-DSA.");

    /// <summary>The token cannot make the signature.</summary>
    public static readonly ErrorCode MechanismMissing = new(
        "KS2034", "token '{0}' does not sign with {1} and {2}; it offers {3}.",
        "Use a key of a kind that the token signs with; RSA-PSS is not used because kernel and firmware do not verify it.");

    /// <summary>The public half is nowhere to be read.</summary>
    public static readonly ErrorCode PublicKeyMissing = new(
        "KS2035", "token '{0}' does not tell the public half of {1}.",
        "Store the public key or the certificate in the token under the same id.");

    /// <summary>A hash that does not fit the algorithm's name, or an algorithm not in use here.</summary>
    public static readonly ErrorCode HashUnfit = new(
        "KS2036", "a {0} hash of {1} bytes cannot be signed.",
        "SHA-256 and SHA3-256 take 32 bytes, SHA-384 and SHA3-384 48, SHA-512 and SHA3-512 64.");

    /// <summary>The token's signature has the wrong form.</summary>
    public static readonly ErrorCode SignatureMalformed = new(
        "KS2037", "token '{0}' returned a signature of {1} bytes where {2} are right.",
        "The module is faulty or its key is not what it says; try another version of it.");

    /// <summary>The token's signature is wrong, or of another key.</summary>
    public static readonly ErrorCode SignatureWrong = new(
        "KS2070", "key {0} made a signature of {1} bytes that does not hold by its own public key (SHA-256 {2}); it is not used.",
        "The token, its module or this machine is faulty, or the private key is not the one of this public key: do not sign with it "
            + "before that is found out.");

    /// <summary>Nothing that nobody verified is given out.</summary>
    public static readonly ErrorCode SignatureUncheckable = new(
        "KS2071", "key {0} is {1}, whose signatures cannot be verified here before they are used: this machine's OpenSSL is older than 3.5.",
        "Sign where OpenSSL is 3.5 or newer (Debian 13).");

    /// <summary>A module that says it wrote more than there is room for.</summary>
    public static readonly ErrorCode AnswerTooLong = new(
        "KS2072", "the PKCS#11 module says that {0} filled {1} places where {2} were given.",
        "The module is faulty and may have damaged this process's memory, so the run ended; try another version of it.");

    /// <summary>ML-DSA has no signature over a hash that kernels would take.</summary>
    public static readonly ErrorCode HashNotSigned = new(
        "KS2038", "key {0} is ML-DSA, which signs the message itself, but this format's signature is over a hash.",
        "Use an RSA or ECDSA key here; ML-DSA signs modules, parser ELFs, PE images, and for IMA and EVM.");

    /// <summary>The token takes the mechanism and the key, and not this hash.</summary>
    public static readonly ErrorCode HashRefused = new(
        "KS2039", "token '{0}' did not sign a {1} hash with {2}: C_Sign of {3} bytes returned {4}; {5}.",
        "Sign with a hash that it takes, with [option:digest]; the module's own log may say why it refused this one.");

    /// <summary>The runtime's OpenSSL is too old for ML-DSA.</summary>
    public static readonly ErrorCode MlDsaUnsupported = new(
        "KS2054", "the key in '{0}' is {1}, which this machine's OpenSSL does not have; it came with OpenSSL 3.5.",
        "Run it where OpenSSL is 3.5 or newer (Debian 13), or keep the key in a token that offers CKM_ML_DSA.");

    /// <summary>A key file cannot be read.</summary>
    public static readonly ErrorCode KeyFileUnreadable = new(
        "KS2050", "key file '{0}' cannot be read: {1}.", "Check the path and its permissions.");

    /// <summary>A key file holds no key.</summary>
    public static readonly ErrorCode KeyFileWithoutKey = new(
        "KS2051", "key file '{0}' holds {1} private keys where one is wanted{2}.",
        "Give PEM, DER or PKCS#12; 'openssl pkcs8 -topk8 -in OLD -out NEW' writes the first, encrypted.");

    /// <summary>A key file's contents are broken.</summary>
    public static readonly ErrorCode KeyFileBroken = new(
        "KS2052", "the private key in '{0}' cannot be decoded.", "Check it with 'openssl pkey -in FILE -noout -check'.");

    /// <summary>A key file's pass phrase is wrong.</summary>
    public static readonly ErrorCode KeyFileLocked = new(
        "KS2053", "the encrypted private key in '{0}' does not open with the pass phrase from {1}.",
        "Correct the pass phrase; nothing was tried twice.");

    /// <summary>A certificate file cannot be read.</summary>
    public static readonly ErrorCode CertificateUnreadable = new(
        "KS2060", "certificate '{0}' cannot be read: {1}.", "Check the path and its permissions.");

    /// <summary>No certificate inside.</summary>
    public static readonly ErrorCode CertificateMalformed = new(
        "KS2061", "'{0}' holds no X.509 certificate in PEM or DER form, and is no PKCS#7 or EFI signature list with one.",
        "Convert it with 'openssl x509 -in OLD -out NEW'.");

    /// <summary>Certificate and key are not a pair.</summary>
    public static readonly ErrorCode CertificateUnfit = new(
        "KS2062",
        "certificate '{0}' is for the public key SHA-256 {1} but key {2} has {3}.",
        "Give the certificate that was made for this key.");
}
