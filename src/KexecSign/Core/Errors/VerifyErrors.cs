using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

/// <summary>Codes KS41xx: a verification was carried out and its answer is no.</summary>
public static partial class VerifyErrors
{
    /// <summary>No signature.</summary>
    public static readonly ErrorCode Unsigned = new(
        "KS4101", "the image carries no signature.", "Sign it.", ExitCode.VerificationFailed);

    /// <summary>The digest in the signature is another.</summary>
    public static readonly ErrorCode DigestDiffers = new(
        "KS4102", "signature {0} is for digest {1} but the image has {2}: a byte was changed after signing.",
        "Get the file again from where it was signed.", ExitCode.VerificationFailed);

    /// <summary>The signature's arithmetic is wrong.</summary>
    public static readonly ErrorCode SignatureWrong = new(
        "KS4103", "signature {0} does not hold by the certificate of {1}.", "Get the file again from where it was signed.", ExitCode.VerificationFailed);

    /// <summary>Signed by nobody that is trusted.</summary>
    public static readonly ErrorCode NotTrusted = new(
        "KS4104", "signature {0} is by {1}, which leads to none of the {2} certificate(s) given.",
        "Give the signer's or its issuer's certificate, or sign with a key that is trusted.", ExitCode.VerificationFailed);

    /// <summary>Firmware does not take ECDSA.</summary>
    public static readonly ErrorCode FirmwareWantsRsa = new(
        "KS4105", "signature {0} uses algorithm {1}; EDK2 (2022.11 was tried) and shim take RSA only; the kernel takes RSA, ECDSA and from 7.0 on ML-DSA.",
        "Sign with an RSA key for firmware.", ExitCode.VerificationFailed);

    /// <summary>Revoked.</summary>
    public static readonly ErrorCode Revoked = new(
        "KS4106", "{0} is in the revocation list.", "It must not be booted; build and sign a mended one.", ExitCode.VerificationFailed);

    /// <summary>Not an EFI application.</summary>
    public static readonly ErrorCode NotEfiApplication = new(
        "KS4107", "the subsystem is {0}, firmware starts EFI applications ({1}).", "Give an EFI image.", ExitCode.VerificationFailed);

    /// <summary>The signer's certificate is out of date, and policy says that this counts.</summary>
    public static readonly ErrorCode Expired = new(
        "KS4108", "the certificate of {0} is valid from {1} to {2}, and now is {3}.",
        "Sign with a certificate that is valid, or leave --expired=fail out: neither firmware nor kernel looks at the dates.", ExitCode.VerificationFailed);

    /// <summary>The signer's certificate is out of date, and no timestamp shows that it was not when it signed.</summary>
    public static readonly ErrorCode TimestampDoesNotHelp = new(
        "KS4119", "the certificate of {0} is valid from {1} to {2}, and no timestamp shows that it signed then: {3}.",
        "Give the authority's certificate with --tsa, or have the file signed anew with a certificate that is valid.", ExitCode.VerificationFailed);

    /// <summary>A SBAT generation that was revoked.</summary>
    public static readonly ErrorCode SbatRevoked = new(
        "KS4109", "SBAT component {0} has generation {1}, the SBAT level asks for {2}.", "Build it from sources that carry the newer generation.", ExitCode.VerificationFailed);

    /// <summary>A .sbat section beyond all measure.</summary>
    public static readonly ErrorCode SbatTooLarge = new(
        "KS4110", ".sbat has 0x{0:x} bytes; at most 0x{1:x} are read.", "Write a table of a few rows.", ExitCode.VerificationFailed);

    /// <summary>digestAlgorithms do not name the signer's digest.</summary>
    public static readonly ErrorCode DigestNotListed = new(
        "KS4114", "signature {0} lists the digest algorithms {1}, but its signer used {2}: firmware and OpenSSL choose the hash by the list.",
        "A byte was changed that no signature covers; get the file again from where it was signed.", ExitCode.VerificationFailed);

    /// <summary>No IMA signature.</summary>
    public static readonly ErrorCode NoImaSignature = new(
        "KS4111", "there is neither {0}.sig nor a security.ima or user.ima attribute.", "Make one with 'kexecsign ima sign'.", ExitCode.VerificationFailed);

    /// <summary>Only an attribute that no kernel reads.</summary>
    public static readonly ErrorCode ImaUserAlone = new(
        "KS4160", "{0} has user.ima, which no kernel reads, and neither security.ima nor {0}.sig.", "Set security.ima with 'kexecsign ima apply'.", ExitCode.VerificationFailed);

    /// <summary>A digest where a signature must be.</summary>
    public static readonly ErrorCode ImaDigestAlone = new(
        "KS4161", "security.ima is of type 0x{0}: a digest, which anybody can write, and no signature.", "Sign the file with 'kexecsign ima sign', and apply that.", ExitCode.VerificationFailed);

    /// <summary>A consumer that there is not on an architecture.</summary>
    public static readonly ErrorCode NotOnArchitecture = new(
        "KS4162", "{0} loads no kernels of {1}.", "Ask --for kexec or --for ima there.", ExitCode.VerificationFailed);

    /// <summary>The IMA signature's key is none of those given.</summary>
    public static readonly ErrorCode ImaKeyUnknown = new(
        "KS4112", "the IMA signature names key id {0}; the certificates given have {1}.",
        "Give the certificate that is in the kernel's .ima keyring.", ExitCode.VerificationFailed);

    /// <summary>The IMA signature does not hold.</summary>
    public static readonly ErrorCode ImaSignatureWrong = new(
        "KS4113", "the IMA signature by key id {0} does not hold for the file's {1} {2}.",
        "The file was changed after it was signed: IMA hashes the whole file, so sign for IMA last.", ExitCode.VerificationFailed);

    /// <summary>The portable EVM signature does not hold.</summary>
    public static readonly ErrorCode EvmSignatureWrong = new(
        "KS4115", "the EVM signature by key id {0} does not hold for owner {1}, group {2}, mode {3} (octal) and the attributes {4}.",
        "Owner, mode, label or IMA value differ from those that were signed: say --owner, --mode and --selinux as for 'ima sign', or sign again.", ExitCode.VerificationFailed);

    /// <summary>No EVM signature.</summary>
    public static readonly ErrorCode NoEvmSignature = new(
        "KS4116", "{0} has no portable EVM signature: neither a sidecar {0}.evm.sig nor security.evm nor user.evm.",
        "Sign it with 'kexecsign ima sign --evm'.", ExitCode.VerificationFailed);

    /// <summary>A file of a package without a signature.</summary>
    public static readonly ErrorCode RpmFileUnsigned = new(
        "KS4117", "{0} in the package has no IMA signature.", "Sign the package with 'kexecsign rpm sign'.", ExitCode.VerificationFailed);

    /// <summary>A file's signature in a package does not hold.</summary>
    public static readonly ErrorCode RpmFileSignature = new(
        "KS4118", "the IMA signature of {0} by key id {1} does not hold for its {2} {3}.", "Sign the package again with 'kexecsign rpm sign --replace'.", ExitCode.VerificationFailed);

    /// <summary>shim compares no other digests than SHA-256.</summary>
    public static readonly ErrorCode ShimWantsSha256 = new(
        "KS4120", "signature {0} is of a {1} digest; shim (16.1 was tried) computes SHA-256 alone and refuses it, though firmware takes it.",
        "Sign with --digest=sha256 what shim is to load.", ExitCode.VerificationFailed);

    /// <summary>No parser.</summary>
    public static readonly ErrorCode NoParser = new(
        "KS4121", "the image has no .bpf section.", "Embed a parser with 'kexecsign bpf embed'.", ExitCode.VerificationFailed);

    /// <summary>The kernel's answer as a code.</summary>
    public static readonly ErrorCode KernelRefuses = new(
        "KS4131", "kexec_file_load gives {0}: {1}.", "See the rule in the report (--json).", ExitCode.VerificationFailed);

    /// <summary>s390: no appended signature.</summary>
    public static readonly ErrorCode NoAppendedSignature = new(
        "KS4132", "the file does not end with '~Module signature appended~': a securely booted s390 answers EKEYREJECTED.",
        "Sign it with the kernel's scripts/sign-file, or 'kexecsign module sign'.", ExitCode.VerificationFailed);
}
