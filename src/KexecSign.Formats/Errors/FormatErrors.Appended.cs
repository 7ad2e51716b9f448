namespace KexecSign.Formats.Errors;

/// <summary>Codes KS142x: signatures appended to modules and kernels.</summary>
public static partial class FormatErrors
{
    /// <summary>A field of struct module_signature is not what the kernel wants.</summary>
    public static readonly ErrorCode ModuleSignatureField = new(
        "KS1421", "the signature block at 0x{0:x} has {1} = {2} where the kernel wants {3}.", "Strip what is appended and sign again.");

    /// <summary>sig_len reaches in front of the file.</summary>
    public static readonly ErrorCode ModuleSignatureLength = new(
        "KS1422", "the signature block announces 0x{0:x} bytes of PKCS#7 but only 0x{1:x} bytes, content included, lie before it.",
            "The file was cut or the block was damaged; get it again and sign it.");

    /// <summary>The PKCS#7 is no detached signature of the kind that modules carry.</summary>
    public static readonly ErrorCode ModulePkcs7 = new(
        "KS1423", "the appended PKCS#7 is not what the kernel takes: {0}.", "Sign with [run:module sign] or the kernel's sign-file.");

    /// <summary>A certificate without SubjectKeyIdentifier was to be named by it.</summary>
    public static readonly ErrorCode NoKeyIdentifierToName = new(
        "KS1424", "the certificate has no SubjectKeyIdentifier to be named by.",
        "Leave [option:skid] out, or make a certificate with a SubjectKeyIdentifier.");

    /// <summary>Bytes appended to a PE behind its certificate table.</summary>
    public static readonly ErrorCode AppendedToAuthenticode = new(
        "KS1425", "the file is a PE that carries an Authenticode signature (certificate table at 0x{0:x}, 0x{1:x} bytes): firmware and "
            + "kernel refuse a table that does not end the file.",
        "For kexec the Authenticode signature is enough; to have an appended one instead, take the Authenticode signature away first.");
}
