using KexecSign.Formats.Vocabulary;
using System.Buffers.Binary;
using System.Security.Cryptography;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Ima;

/// <summary>
/// A <c>security.ima</c> signature (security/integrity/integrity.h, struct signature_v2_hdr): u8 type 3, u8 version 2,
/// u8 hash id, be32 key id, be16 signature length, signature. The sidecar <c>.sig</c> of evmctl is the same bytes.
/// </summary>
/// <param name="Type">3 EVM_IMA_XATTR_DIGSIG, 5 EVM_XATTR_PORTABLE_DIGSIG, 6 IMA_VERITY_DIGSIG.</param>
/// <param name="Version">2, or 3 for fs-verity digests, ML-DSA and newer kernels.</param>
/// <param name="Hash">Hash of the file's content.</param>
/// <param name="KeyId">Last 4 bytes of the certificate's SubjectKeyIdentifier.</param>
/// <param name="Signature">PKCS#1 v1.5 (RSA), DER (ECDSA) or as FIPS 204 encodes it (ML-DSA); any length up to 65,535 bytes.</param>
public sealed record ImaSignature(byte Type, byte Version, HashAlgorithmName Hash, uint KeyId, ReadOnlyMemory<byte> Signature)
{
    /// <summary>First byte of a signature over a regular file.</summary>
    public const byte Digsig = 3;

    /// <summary>First byte of a signature over an fs-verity digest.</summary>
    public const byte VerityDigsig = 6;

    /// <summary>First byte of a portable EVM signature (security.evm).</summary>
    public const byte PortableEvm = 5;

    /// <summary>Bytes before the signature.</summary>
    public const int HeaderSize = 9;

    /// <summary>The key id of a SubjectKeyIdentifier: its last 4 bytes, big-endian, as the kernel's keyring search wants it.</summary>
    /// <exception cref="KexecSignException">KS1404.</exception>
    public static uint KeyIdOf(ReadOnlySpan<byte> subjectKeyIdentifier) => subjectKeyIdentifier.Length >= 4
        ? BinaryPrimitives.ReadUInt32BigEndian(subjectKeyIdentifier[^4..])
        : throw FormatErrors.ShortKeyIdentifier.With(subjectKeyIdentifier.Length);

    /// <summary>
    /// What an RSA or ECDSA key signs for a file's digest. Version 2: the digest. Version 3: the hash of struct ima_file_id, which is the
    /// value's type, the hash's id and the digest (security/integrity/digsig_asymmetric.c, calc_file_id_hash()).
    /// </summary>
    /// <param name="type">First byte of the value.</param>
    /// <param name="version">2 or 3.</param>
    /// <param name="hash">Hash algorithm of the digest and of what is signed.</param>
    /// <param name="digest">The file's digest.</param>
    public static byte[] ToBeSigned(byte type, byte version, HashAlgorithmName hash, byte[] digest) =>
        version == 2 ? digest : CryptographicOperations.HashData(hash, FileId(type, hash, digest));

    /// <summary>
    /// struct ima_file_id, which version 3 signs, as far as it is used: the value's type, the hash's id, the digest. ML-DSA signs it as it
    /// is, pure and with an empty context (digsig_asymmetric.c, asymmetric_verify_v3_hashless()).
    /// </summary>
    public static byte[] FileId(byte type, HashAlgorithmName hash, ReadOnlySpan<byte> digest) => [type, HashId(hash), .. digest];

    /// <summary>The value that is a hash and no signature: type 4 (IMA_XATTR_DIGEST_NG), the hash's id, the hash.</summary>
    public static byte[] HashValue(HashAlgorithmName hash, ReadOnlySpan<byte> digest) => [4, HashId(hash), .. digest];

    /// <summary>The xattr value.</summary>
    public byte[] Encode()
    {
        byte[] value = new byte[HeaderSize + Signature.Length];
        value[0] = Type;
        value[1] = Version;
        value[2] = HashId(Hash);
        BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(3), KeyId);
        BinaryPrimitives.WriteUInt16BigEndian(value.AsSpan(7), checked((ushort)Signature.Length));
        Signature.Span.CopyTo(value.AsSpan(HeaderSize));
        return value;
    }

    /// <summary>Reads an xattr value or a sidecar.</summary>
    /// <exception cref="KexecSignException">KS1401-KS1403.</exception>
    public static ImaSignature Decode(ReadOnlyMemory<byte> value)
    {
        ReadOnlySpan<byte> bytes = value.Span;
        if (bytes.Length <= HeaderSize || (bytes[0], bytes[1]) is not ((Digsig, 2) or (Digsig, 3) or (VerityDigsig, 3)))
            throw FormatErrors.NotImaSignature.With(Convert.ToHexString(bytes[..Math.Min(2, bytes.Length)]), bytes.Length);
        return Read(value);
    }

    /// <summary>Reads a value of security.evm, or its sidecar.</summary>
    /// <exception cref="KexecSignException">KS1402, KS1403, KS1407 for anything but a portable signature.</exception>
    public static ImaSignature DecodeEvm(ReadOnlyMemory<byte> value)
    {
        ReadOnlySpan<byte> bytes = value.Span;
        if (bytes.Length <= HeaderSize || bytes[0] != PortableEvm || bytes[1] is not (2 or 3))
            throw FormatErrors.NotEvmSignature.With(Convert.ToHexString(bytes[..Math.Min(2, bytes.Length)]), bytes.Length);
        return Read(value);
    }

    private static ImaSignature Read(ReadOnlyMemory<byte> value)
    {
        ReadOnlySpan<byte> bytes = value.Span;
        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[7..]);
        if (length != bytes.Length - HeaderSize)
            throw FormatErrors.ImaSignatureLength.With(bytes.Length, HeaderSize + length, length);
        return new(bytes[0], bytes[1], HashOf(bytes[2]), BinaryPrimitives.ReadUInt32BigEndian(bytes[3..]), value[HeaderSize..]);
    }

    private static byte HashId(HashAlgorithmName hash) =>
        HashKind.All.FirstOrDefault(known => known.Name == hash)?.ImaId ?? throw FormatErrors.UnknownImaHash.With(hash.Name);

    private static HashAlgorithmName HashOf(byte id) =>
        HashKind.All.FirstOrDefault(known => known.ImaId == id)?.Name ?? throw FormatErrors.UnknownImaHash.With(id);
}
