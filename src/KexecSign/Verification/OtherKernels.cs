using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Errors;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Keys.Certificates;
using KexecSign.Offline;
using KexecSign.Running;

namespace KexecSign.Verification;

/// <summary>
/// Kernels that read no PE signature: s390 wants a signature appended as to a module (arch/s390/kernel/machine_kexec_file.c,
/// s390_verify_sig()), powerpc leaves it to IMA, by xattr or appended signature (arch/powerpc/kernel/ima_arch.c).
/// </summary>
internal static class OtherKernels
{
    private const int TrailerSize = 12;
    private const byte Pkcs7Signature = 2;

    private static ReadOnlySpan<byte> Magic => "~Module signature appended~\n"u8;

    /// <summary>Whether an architecture is one of these.</summary>
    public static bool Know(string? architecture) => architecture is "s390x" or "powerpc64";

    /// <summary>The verdict of <c>kexec_file_load</c> on a machine that booted securely.</summary>
    public static Verdict Judge(string path, Layout file, string architecture, ImmutableArray<X509Certificate2> trusted, RunContext context)
    {
        try
        {
            if (architecture == "powerpc64" && !HasMagic(file) && ImaCheck.Find(path) is not null)
            {
                Verdict ima = ImaCheck.Judge(path, file, trusted, context);
                return ima with { Consumer = Consumer.Kexec, Reason = "by IMA, as powerpc does under secure boot: " + ima.Reason };
            }
            return new(Consumer.Kexec, trusted.IsEmpty ? Answer.NotChecked : Answer.Accepts, CheckAppended(file, trusted, context));
        }
        catch (KexecSignException refused)
        {
            return Verdict.Refused(Consumer.Kexec, refused);
        }
    }

    private static bool HasMagic(Layout file) =>
        file.Length > Magic.Length + TrailerSize && file.ReadBytes(file.Length - Magic.Length, Magic.Length).AsSpan().SequenceEqual(Magic);

    private static string CheckAppended(Layout file, ImmutableArray<X509Certificate2> trusted, RunContext context)
    {
        if (!HasMagic(file))
            throw VerifyErrors.NoAppendedSignature.With();
        long end = file.Length - Magic.Length - TrailerSize;
        byte[] trailer = file.ReadBytes(end, TrailerSize);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(trailer.AsSpan(8));
        if (trailer is not [0, 0, Pkcs7Signature, 0, 0, 0, 0, 0, ..] || length == 0 || length > Math.Min(end, ushort.MaxValue))
            throw VerifyErrors.AppendedSignatureWrong.With(length, end, $"has the trailer {Convert.ToHexStringLower(trailer)}");
        return CheckSigner(file.ReadBytes(end - length, length), file.Slice(0, end - length), end, trusted, context);
    }

    private static string CheckSigner(byte[] pkcs7, Layout content, long end, ImmutableArray<X509Certificate2> trusted, RunContext context)
    {
        SignerInfo signer = Decode(pkcs7, end);
        HashAlgorithmName hash = Oids.Digest(signer.DigestAlgorithm.Value!);
        // sign-file leaves certificates and attributes out: what is signed is the hash of the file.
        if (signer.SignedAttributes.Count != 0)
            throw VerifyErrors.AppendedSignatureWrong.With(pkcs7.Length, end, "has signed attributes, which the kernel refuses there");
        if (trusted.IsEmpty)
            return "the appended signature is whole; without a certificate it was not checked";
        X509Certificate2 certificate = trusted.FirstOrDefault(c => Names(signer.SignerIdentifier, c))
            ?? throw VerifyErrors.NotTrusted.With(0, Describe(signer.SignerIdentifier), trusted.Length);
        return BareSignature.Check(certificate, LayoutPass.Hash(content, hash, context), hash, signer.GetSignature()) is null
            ? throw VerifyErrors.AppendedSignatureWrong.With(pkcs7.Length, end, $"does not hold by {certificate.Subject}")
            : $"the appended signature holds by {certificate.Subject}, {hash.Name}";
    }

    private static SignerInfo Decode(byte[] pkcs7, long end)
    {
        try
        {
            var cms = new SignedCms();
            cms.Decode(pkcs7);
            return cms.SignerInfos.Count == 1 ? cms.SignerInfos[0] : throw VerifyErrors.AppendedSignatureWrong.With(pkcs7.Length, end, $"has {cms.SignerInfos.Count} signers");
        }
        catch (CryptographicException broken)
        {
            throw VerifyErrors.AppendedSignatureWrong.Because(broken, pkcs7.Length, end, "is no PKCS#7");
        }
    }

    private static bool Names(SubjectIdentifier identifier, X509Certificate2 certificate) => identifier.Value switch
    {
        System.Security.Cryptography.Xml.X509IssuerSerial named => named.SerialNumber.Equals(certificate.SerialNumber, StringComparison.OrdinalIgnoreCase)
            && named.IssuerName == certificate.Issuer,
        string keyId => keyId.Equals(Convert.ToHexString(SubjectKeyIdentifier.Of(certificate)), StringComparison.OrdinalIgnoreCase),
        _ => false,
    };

    private static string Describe(SubjectIdentifier identifier) => identifier.Value switch
    {
        System.Security.Cryptography.Xml.X509IssuerSerial named => $"serial number {named.SerialNumber} of {named.IssuerName}",
        string keyId => $"key id {keyId}",
        _ => "an unknown signer",
    };
}
