using KexecSign.Formats.Errors;

namespace KexecSign.Simulation.Errors;

/// <summary>
/// Codes KS40xx: the rules by which a kernel refuses a file given to <c>kexec_file_load</c>. Each names the kernel
/// function that holds the rule; sources are those of Linux 6.12; <see cref="Answers.KernelChanges"/> says what differs in others.
/// </summary>
public static class KexecRules
{
    /// <summary><c>kernel_read_file()</c>: the file is empty or longer than 4 GiB.</summary>
    public static readonly ErrorCode CannotBeRead = Refuses(
        "KS4001",
        "kernel_read_file() takes between 1 and 0x100000000 bytes; the file is 0x{0:x} bytes long.",
        "Give the kernel image itself; it may have been cut or replaced by a disk image.");

    /// <summary>The model has no rules for this kind of file on this architecture.</summary>
    public static readonly ErrorCode NotModelled = new(
        "KS4002",
        "{0} does not read a PE signature: {1}.",
        "Judge it with the tool that made its signature; only PE signatures of arm64 and x86 are modelled.");

    /// <summary><c>image_probe()</c> of arm64 or riscv: the Image magic is not where it must be.</summary>
    public static readonly ErrorCode NotAnImage = Refuses(
        "KS4010",
        "{0} wants the bytes {1} at 0x38 but finds {2}; the signature is not looked at.",
        "Load the Image from inside: [run:zboot extract] unpacks a vmlinuz.efi, kexec-tools does it by itself.");

    /// <summary><c>bzImage64_probe()</c>: one of the setup header's conditions does not hold.</summary>
    public static readonly ErrorCode NotABzImage = Refuses(
        "KS4011",
        "bzImage64_probe() refuses: {0}; 0x{1:x} found at 0x{2:x}.",
        "Give a 64-bit bzImage of boot protocol 2.12 or newer that can be loaded above 4 GiB; a UKI must be taken apart first.");

    /// <summary><c>kexec_elf_probe()</c>: the architecture loads ELF only.</summary>
    public static readonly ErrorCode NotAnElf = Refuses(
        "KS4012",
        "{0} loads 64-bit ELF kernels of machine {1} only; the file begins with {2}, machine {3}.",
        "Give vmlinux instead of the PE image on this architecture and kernel.");

    /// <summary>The file is shorter than the header that the probe reads.</summary>
    public static readonly ErrorCode TooShort = Refuses(
        "KS4013",
        "{0} needs 0x{1:x} bytes but the file is 0x{2:x} bytes long.",
        "The file is cut short; get it again from where it was built.");

    /// <summary><c>pefile_parse_binary()</c>: a magic number is wrong.</summary>
    public static readonly ErrorCode NotPe = Refuses(
        "KS4020",
        "pefile_parse_binary() wants {0} at 0x{1:x} but finds 0x{2:x}.",
        "Build the kernel with CONFIG_EFI_STUB so that it is a PE file.");

    /// <summary><c>chkaddr()</c>: a structure does not lie between its lower bound and the end of the file.</summary>
    public static readonly ErrorCode OutsideFile = Refuses(
        "KS4021",
        "pefile_parse_binary() wants {0} between 0x{1:x} and the end of the file at 0x{2:x}; it is 0x{4:x} bytes at 0x{3:x}.",
        "The file was cut or its header edited; build or sign it again.");

    /// <summary><c>pefile_parse_binary()</c>: SizeOfHeaders does not hold the headers.</summary>
    public static readonly ErrorCode HeadersTooSmall = Refuses(
        "KS4022",
        "SizeOfHeaders is 0x{0:x}; {1} ends at 0x{2:x} and the file at 0x{3:x}.",
        "Write SizeOfHeaders so that it covers the section table and stays below the file length.");

    /// <summary><c>pefile_parse_binary()</c>: the certificate directory entry is empty.</summary>
    public static readonly ErrorCode Unsigned = Refuses(
        "KS4023",
        "the certificate directory entry at 0x{0:x} is empty (address 0x{1:x}, size 0x{2:x}): the PE is unsigned.",
        "Sign it with [run:sign].");

    /// <summary><c>pefile_strip_sig_wrapper()</c>: the first WIN_CERTIFICATE is too short or longer than its table.</summary>
    public static readonly ErrorCode WrapperLength = Refuses(
        "KS4025",
        "WIN_CERTIFICATE at 0x{0:x} says dwLength 0x{1:x}, the certificate table is 0x{2:x} bytes.",
        "Remove the certificate table and sign again.");

    /// <summary><c>pefile_strip_sig_wrapper()</c>: revision is not 0x0200 or type is not PKCS signed data.</summary>
    public static readonly ErrorCode WrapperKind = Refuses(
        "KS4026",
        "WIN_CERTIFICATE at 0x{0:x} has revision 0x{1:x} and type 0x{2:x}; the kernel reads only 0x200 and 0x2, and only the first entry.",
        "Put the PKCS#7 signature first in the certificate table.");

    /// <summary>The PKCS#7 message is longer than the kernel's ASN.1 decoder takes.</summary>
    public static readonly ErrorCode Pkcs7TooBig = Refuses(
        "KS4027",
        "the PKCS#7 message at 0x{0:x} is 0x{1:x} bytes; asn1_ber_decoder() takes at most 0xffff.",
        "Leave certificates out of the signature that the kernel does not need for the chain.");

    /// <summary><c>pefile_strip_sig_wrapper()</c>: the bytes are no DER SEQUENCE that fits.</summary>
    public static readonly ErrorCode NotPkcs7 = Refuses(
        "KS4028",
        "the signature at 0x{0:x} is no PKCS#7 message: it begins 0x{1:x}, and 0x{2:x} bytes are there.",
        "Remove the certificate table and sign again.");

    /// <summary><c>pkcs7_parse_message()</c> or <c>mscode_parse()</c>: the structure is not what its grammar wants.</summary>
    public static readonly ErrorCode Pkcs7Malformed = Refuses(
        "KS4030",
        "{0} cannot be decoded: {1}.",
        "Sign again with a signer that writes PKCS#7 1.5 SignedData.");

    /// <summary><c>pkcs7_verify()</c>: the content is not SpcIndirectData.</summary>
    public static readonly ErrorCode NotAuthenticode = Refuses(
        "KS4031",
        "the signed content has type {0}; a kexec PE signature must have 1.3.6.1.4.1.311.2.1.4.",
        "Sign the PE with an Authenticode signer.");

    /// <summary>The authenticated attributes are missing, repeated or contradict the content.</summary>
    public static readonly ErrorCode Attributes = Refuses(
        "KS4032",
        "the authenticated attributes of signer {0} are refused: {1}.",
        "Sign again with contentType and messageDigest, each once.");

    /// <summary>An algorithm that the kernel does not have.</summary>
    public static readonly ErrorCode UnsupportedAlgorithm = Refuses(
        "KS4033",
        "{0} uses {1}, which the kernel has no code for.",
        "Use RSA (2048, 3072, 4096 bits, PKCS#1 v1.5) or ECDSA (P-256, P-384, from Linux 6.10 on P-521) with SHA-256, SHA-384, SHA-512 "
            + "or, from 6.7 on, SHA3-256, SHA3-384, SHA3-512.");

    /// <summary><c>pkcs7_digest()</c>: messageDigest is not the digest of the content.</summary>
    public static readonly ErrorCode MessageDigest = Refuses(
        "KS4034",
        "messageDigest of signer {0} is {1} but the content hashes to {2}.",
        "The signature block was edited after signing; sign again.");

    /// <summary><c>public_key_verify_signature()</c>: the signature value does not verify.</summary>
    public static readonly ErrorCode SignatureWrong = Refuses(
        "KS4035",
        "the signature of {0} does not verify with the key of {1}: {2}.",
        "The signature was damaged, or certificate and private key do not belong together; sign again.");

    /// <summary><c>pkcs7_verify_one()</c>: the signing time lies outside the certificate's validity.</summary>
    public static readonly ErrorCode SigningTime = Refuses(
        "KS4036",
        "signing time {0:u} lies outside the certificate's validity, {1:u} to {2:u}.",
        "Sign without a signing time, or with a certificate that was valid then; the kernel never looks at the clock.");

    /// <summary><c>pkcs7_verify_sig_chain()</c> or <c>x509_cert_parse()</c>: a certificate in the message is refused.</summary>
    public static readonly ErrorCode Chain = Refuses(
        "KS4037",
        "the certificate {0} in the signature is refused: {1}.",
        "Leave that certificate out of the signature or replace it.");

    /// <summary><c>is_key_on_revocation_list()</c>: the signer is on the kernel's blacklist keyring.</summary>
    public static readonly ErrorCode Revoked = Refuses(
        "KS4038",
        "a certificate on the revocation list vouches for the signature of {0}.",
        "Sign with a certificate that is not in dbx or MokListXRT.");

    /// <summary><c>pkcs7_validate_trust()</c>: no certificate of the keyrings vouches for the signature.</summary>
    public static readonly ErrorCode NotTrusted = Refuses(
        "KS4039",
        "the signature of {0} leads to none of the {1} builtin or secondary and {2} platform certificates.",
        "Enrol the certificate or its issuer in db (platform keyring), or sign with a key that is enrolled, as the first entry of the "
            + "table.");

    /// <summary><c>pefile_digest_pe()</c>: the file is not what was signed.</summary>
    public static readonly ErrorCode DigestMismatch = Refuses(
        "KS4040",
        "PE digest mismatch: the file hashes to {0} but {1} was signed; headers and sections end at 0x{2:x}, 0x{3:x} bytes behind them "
            + "went into the hash.",
        "Bytes were changed, added or cut after signing; pad first and sign last, or cut the file behind its certificate table.");

    /// <summary><c>pefile_digest_pe_contents()</c>: the bytes behind the sections are fewer than the certificate table.</summary>
    public static readonly ErrorCode TableCut = Refuses(
        "KS4041",
        "headers and sections end at 0x{0:x}, the certificate table is 0x{1:x} bytes and the file ends at 0x{2:x}.",
        "The file was cut inside its certificate table; sign again.");

    /// <summary>The kernel would read outside its buffer: it oopses or hashes foreign memory.</summary>
    public static readonly ErrorCode KernelFaults = Refuses(
        "KS4042",
        "the kernel does not check {0} and would leave its buffer of 0x{3:x} bytes: 0x{2:x} bytes at 0x{1:x}.",
        "Never load this file; its headers lie.");

    /// <summary><c>pefile_digest_pe()</c>: the signed digest has a length its algorithm cannot have.</summary>
    public static readonly ErrorCode DigestLength = Refuses(
        "KS4043",
        "the signed {0} digest is {1} bytes long, it must be {2}.",
        "Sign again with another signer.");

    /// <summary><c>image_load()</c>: image_size 0 means a kernel older than 3.17.</summary>
    public static readonly ErrorCode ImageSizeZero = Refuses(
        "KS4050",
        "image_size at 0x{0:x} is 0: the kernel does not know how much memory the image needs.",
        "Build the kernel with 3.17 or newer, or set image_size before signing.");

    /// <summary><c>sanity_check_segment_list()</c>: the file is longer than the memory it asks for.</summary>
    public static readonly ErrorCode LongerThanMemory = Refuses(
        "KS4051",
        "the loader would copy 0x{0:x} bytes into a segment of 0x{1:x} bytes ({2} 0x{3:x}, rounded to pages).",
        "Sign so that the file including its certificate table is not longer than that: [run:sign] fits the table into the bss tail.");

    /// <summary><c>image_load()</c>: the image is built for pages or an endianness that the machine does not have.</summary>
    public static readonly ErrorCode CpuFeature = Refuses(
        "KS4052",
        "flags 0x{0:x} at 0x18 ask for {1}, which the running machine does not support.",
        "Load a kernel that is built for this machine.");

    /// <summary><c>bzImage64_load()</c>: the file ends inside its setup sectors.</summary>
    public static readonly ErrorCode SetupCut = Refuses(
        "KS4053",
        "the setup part is 0x{0:x} bytes but the file is 0x{1:x} bytes long.",
        "The file is cut short; get it again from where it was built.");

    /// <summary><c>kimage_validate_signature()</c>: lockdown is on and nothing vouches for the image.</summary>
    public static readonly ErrorCode LockedDown = Refuses(
        "KS4054",
        "the kernel is locked down, IMA does not appraise the image, and its signature fails ({0}).",
        "Sign with a key in the kernel's keyrings.");

    private static ErrorCode Refuses(string id, string says, string mend) => new(id, says, mend, ErrorKind.Verdict);

    /// <summary>What the machine that runs the model cannot compute.</summary>
    public static readonly ErrorCode NotComputable = new(
        "KS4721",
        "{0} is of {1}, which cannot be verified here.",
        "Of ML-DSA: verify on a machine with OpenSSL 3.5 or later. SLH-DSA and Ed448 are verified by firmware and not by this program.");
}
