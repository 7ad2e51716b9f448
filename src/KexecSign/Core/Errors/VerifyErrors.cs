using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

/// <summary>Codes KS41xx: a verification was carried out and its answer is no.</summary>
public static partial class VerifyErrors
{
    /// <summary>No signature.</summary>
    internal static readonly ErrorCode Unsigned = new(
        "KS4101", "the image carries no signature ({0}).", "Sign it.", ErrorKind.Verdict);

    /// <summary>The digest in the signature is another.</summary>
    internal static readonly ErrorCode DigestDiffers = new(
        "KS4102", "signature {0} is for digest {1} but the image has {2}: a byte was changed after signing ({3}).",
        "Get the file again from where it was signed.", ErrorKind.Verdict);

    /// <summary>The signature's arithmetic is wrong.</summary>
    internal static readonly ErrorCode SignatureWrong = new(
        "KS4103", "signature {0} does not hold by the certificate of {1} ({2}).", "Get the file again from where it was signed.",
        ErrorKind.Verdict);

    /// <summary>Signed by nobody that is trusted.</summary>
    internal static readonly ErrorCode NotTrusted = new(
        "KS4104", "signature {0} is by {1}, which leads to none of the {2} certificate(s) given ({3}).",
        "Give the signer's or its issuer's certificate, or sign with a key that is trusted.", ErrorKind.Verdict);

    /// <summary>Firmware does not take ECDSA.</summary>
    internal static readonly ErrorCode FirmwareWantsRsa = new(
        "KS4105", "signature {0} uses algorithm {1}; {2} takes {3} only; the kernel takes RSA, ECDSA and from 7.0 on ML-DSA.",
        "Sign with an RSA key for firmware and shim.", ErrorKind.Verdict);

    /// <summary>Revoked.</summary>
    internal static readonly ErrorCode Revoked = new(
        "KS4106", "{0} is in the revocation list ({1}).", "It must not be booted; build and sign a corrected one.", ErrorKind.Verdict);

    /// <summary>Not an EFI application.</summary>
    internal static readonly ErrorCode NotEfiApplication = new(
        "KS4107", "the subsystem is {0}; firmware loads EFI applications (10) and drivers (11, 12) (EDK2 Image.c, CoreLoadPeImage()).",
        "Give an EFI image.", ErrorKind.Verdict);

    /// <summary>The signer's certificate is out of date, and policy says that this counts.</summary>
    internal static readonly ErrorCode Expired = new(
        "KS4108", "the certificate of {0} is valid from {1} to {2}, and now is {3}.",
        "Sign with a certificate that is valid, or leave [option:expired]=fail out: neither firmware nor kernel looks at the dates.",
        ErrorKind.Verdict);

    /// <summary>The signer's certificate is out of date, and no timestamp shows that it was not when it signed.</summary>
    internal static readonly ErrorCode TimestampDoesNotHelp = new(
        "KS4119", "the certificate of {0} is valid from {1} to {2}, and no timestamp shows that it signed then: {3}.",
        "Give the authority's certificate with [option:tsa], or have the file signed anew with a certificate that is valid.",
        ErrorKind.Verdict);

    /// <summary>A SBAT generation that was revoked.</summary>
    internal static readonly ErrorCode SbatRevoked = new(
        "KS4109", "SBAT component {0} has generation {1}, the SBAT level asks for {2} ({3}).",
        "Build it from sources that carry the newer generation.", ErrorKind.Verdict);

    /// <summary>digestAlgorithms do not name the signer's digest.</summary>
    internal static readonly ErrorCode DigestNotListed = new(
        "KS4114", "signature {0} lists the digest algorithms {1}, but its signer used {2}: firmware and OpenSSL choose the hash by the "
            + "list (OpenSSL crypto/pkcs7/pk7_doit.c, PKCS7_signatureVerify()).",
        "A byte was changed that no signature covers; get the file again from where it was signed.", ErrorKind.Verdict);

    /// <summary>A certificate on the way breaks a rule for chains.</summary>
    internal static readonly ErrorCode ChainRefused = new(
        "KS4145", "signature {0} is by {1}; the certificates that lead to {2} are refused: {3} ({4}).",
        "Have authorities issue certificates that are marked as such (basicConstraints, keyUsage) and without extensions that nobody reads.", ErrorKind.Verdict);

    /// <summary>The loader of a consumer does not take the headers.</summary>
    internal static readonly ErrorCode NotLoaded = new(
        "KS4146", "{0} ({1}).", "Build the image anew, or get it again from where it was built.", ErrorKind.Verdict);

    /// <summary>The walk over the table does not end where the table does.</summary>
    internal static readonly ErrorCode TableEnd = new(
        "KS4147", "the certificate entry at 0x{0:x} is 0x{1:x} bytes, which rounded up to 8 leave the table that ends at 0x{2:x} ({3}).",
        "Sign again with a signer that pads the table to 8 bytes.", ErrorKind.Verdict);

    /// <summary>Firmware does not find the digest's name.</summary>
    internal static readonly ErrorCode DigestUnknownThere = new(
        "KS4148", "signature {0} names no digest that firmware knows at byte {1} of its PKCS#7, the one place where it looks (EDK2 "
            + "DxeImageVerificationLib.c, HashPeImageByType()).",
        "Sign with SHA-256, and with a signer that writes DER.", ErrorKind.Verdict);

    /// <summary>Signers that cannot be told from a signature, where there is a dbx.</summary>
    internal static readonly ErrorCode SignersUnknown = new(
        "KS4149", "the certificates of those who made signature {0} are not all in it, so that none of them can be looked for in dbx ({1}).",
        "Sign again with the signer's certificate in the signature.", ErrorKind.Verdict);

    /// <summary>shim takes no certificate that is for modules.</summary>
    internal static readonly ErrorCode ShimPassesOver = new(
        "KS4150", "signature {0} is by {1}; shim passes over the certificate of {2} because its purposes include {3}, module signing "
            + "(shim verify.c, verify_eku()).",
        "Enrol and sign with a certificate that is not for modules.", ErrorKind.Verdict);

    /// <summary>No IMA signature.</summary>
    internal static readonly ErrorCode NoImaSignature = new(
        "KS4111", "there is neither {0}.sig nor a security.ima or user.ima attribute.", "Make one with [run:ima sign].", ErrorKind.Verdict);

    /// <summary>Only an attribute that no kernel reads.</summary>
    internal static readonly ErrorCode ImaUserAlone = new(
        "KS4160", "{0} has user.ima, which no kernel reads, and neither security.ima nor {0}.sig.",
        "Set security.ima with [run:ima apply].", ErrorKind.Verdict);

    /// <summary>A digest where a signature must be.</summary>
    internal static readonly ErrorCode ImaDigestAlone = new(
        "KS4161", "security.ima is of type 0x{0}: a digest, which anybody can write, and no signature.",
        "Sign the file with [run:ima sign], and apply that.", ErrorKind.Verdict);

    /// <summary>A consumer that there is not on an architecture.</summary>
    internal static readonly ErrorCode NotOnArchitecture = new(
        "KS4162", "{0} loads no kernels of {1}.", "Ask [option:for kexec] or [option:for ima] there.", ErrorKind.Verdict);

    /// <summary>The IMA signature's key is none of those given.</summary>
    internal static readonly ErrorCode ImaKeyUnknown = new(
        "KS4112", "the IMA signature names key id {0}; the certificates given have {1}.",
        "Give the certificate that is in the kernel's .ima keyring.", ErrorKind.Verdict);

    /// <summary>A certificate that no kernel finds by an IMA signature.</summary>
    internal static readonly ErrorCode ImaNoKeyIdentifier = new(
        "KS4151", "the certificate of {0} has no SubjectKeyIdentifier: a kernel takes the id of an IMA key from that extension alone and "
            + "answers ENOKEY (Linux x509_cert_parser.c, x509_process_extension(); asymmetric_type.c, asymmetric_key_id_partial()).",
        "Have the certificate issued again with a SubjectKeyIdentifier.");

    /// <summary>ML-DSA where a hash is signed.</summary>
    internal static readonly ErrorCode ImaMlDsaVersion = new(
        "KS4152", "the signature is by {0}, whose key is {1}, in a value of version {2}: kernels take ML-DSA in version 3 alone (-ENOPKG, "
            + "Linux security/integrity/digsig_asymmetric.c, asymmetric_verify_common()).",
        "Sign again with [run:ima sign, version 3].", ErrorKind.Verdict);

    /// <summary>A value that came after the kernel.</summary>
    internal static readonly ErrorCode ImaTooNew = new(
        "KS4153", "the signature holds, but Linux {0} does not take it; since {1} Linux has {2} ({3}).",
        "Name the kernel that will read it with [option:kernel], or sign in version 2 with an RSA or ECDSA key.", ErrorKind.Verdict);

    /// <summary>The IMA signature does not hold.</summary>
    internal static readonly ErrorCode ImaSignatureWrong = new(
        "KS4113", "the IMA signature by key id {0} does not hold for the file's {1} {2}.",
        "The file was changed after it was signed: IMA hashes the whole file, so sign for IMA last.", ErrorKind.Verdict);

    /// <summary>The portable EVM signature does not hold.</summary>
    internal static readonly ErrorCode EvmSignatureWrong = new(
        "KS4115", "the EVM signature by key id {0} does not hold for owner {1}, group {2}, mode {3} (octal) and the attributes {4}.",
        "Owner, mode, label or IMA value differ from those that were signed: say [option:owner], [option:mode] and [option:selinux] as "
            + "for 'ima sign', or sign again.", ErrorKind.Verdict);

    /// <summary>No EVM signature.</summary>
    internal static readonly ErrorCode NoEvmSignature = new(
        "KS4116", "{0} has no portable EVM signature: neither a sidecar {0}.evm.sig nor security.evm nor user.evm.",
        "Sign it with [run:ima sign, evm].", ErrorKind.Verdict);

    /// <summary>A file of a package without a signature.</summary>
    internal static readonly ErrorCode RpmFileUnsigned = new(
        "KS4117", "{0} in the package has no IMA signature.", "Sign the package with [run:rpm sign].", ErrorKind.Verdict);

    /// <summary>A file's signature in a package does not hold.</summary>
    internal static readonly ErrorCode RpmFileSignature = new(
        "KS4118", "the IMA signature of {0} by key id {1} does not hold for its {2} {3}.",
        "Sign the package again with [run:rpm sign, replace].", ErrorKind.Verdict);

    /// <summary>shim compares no other digests than SHA-256.</summary>
    internal static readonly ErrorCode ShimWantsSha256 = new(
        "KS4120", "signature {0} is of a {1} digest; shim (16.1 was tried) compares SHA-256 alone and refuses it, though firmware takes "
            + "it (shim verify.c, verify_one_signature()).",
        "Sign with [option:digest sha256] what shim is to load.", ErrorKind.Verdict);

    /// <summary>No parser.</summary>
    internal static readonly ErrorCode NoParser = new(
        "KS4121", "the image has no .bpf section.", "Embed a parser with [run:bpf embed].", ErrorKind.Verdict);

    /// <summary>The kernel's answer as a code.</summary>
    internal static readonly ErrorCode KernelRefuses = new(
        "KS4131", "kexec_file_load gives {0}: {1}.", "See the rule in the report ([option:json]).", ErrorKind.Verdict);

    /// <summary>s390: no appended signature.</summary>
    internal static readonly ErrorCode NoAppendedSignature = new(
        "KS4132", "the file does not end with '~Module signature appended~': a securely booted s390 answers EKEYREJECTED.",
        "Sign it with the kernel's scripts/sign-file, or [run:module sign].", ErrorKind.Verdict);
}
