using System.Buffers.Binary;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.AppendedSignatures;

/// <summary>
/// The signature behind a module, a vmlinux or an s390 or powerpc kernel (include/linux/module_signature.h, scripts/sign-file):
/// content, PKCS#7 in DER, a block of 12 bytes, and the line <c>~Module signature appended~</c>. The signature covers
/// exactly the content.
/// </summary>
/// <param name="ContentLength">Bytes before the signature.</param>
/// <param name="SignedData">The PKCS#7, in DER.</param>
public sealed record AppendedSignature(long ContentLength, ReadOnlyMemory<byte> SignedData)
{
    private const int BlockSize = 12;
    private const byte Pkcs7 = 2;

    // A PKCS#7 with a whole chain takes a few KiB; nothing larger is worth memory.
    private const long LargestSignedData = 1 << 20;

    private static ReadOnlySpan<byte> Marker => "~Module signature appended~\n"u8;

    /// <summary>Reads the signature at the end of a file; null when there is none.</summary>
    /// <exception cref="KexecSignException">KS1421, KS1422: what the kernel answers with -EBADMSG or -ENOPKG.</exception>
    public static AppendedSignature? Find(Layout file)
    {
        int trailer = BlockSize + Marker.Length;
        if (file.Length < Marker.Length || !file.ReadBytes(file.Length - Marker.Length, Marker.Length).AsSpan().SequenceEqual(Marker))
            return null;
        if (file.Length < trailer)
            throw FormatErrors.ModuleSignatureLength.With(BlockSize, file.Length - Marker.Length);
        long at = file.Length - trailer;
        byte[] block = file.ReadBytes(at, BlockSize);
        Check(block, at);
        long length = BinaryPrimitives.ReadUInt32BigEndian(block.AsSpan(8));
        // What is signed must be something: mod_check_sig() and s390_verify_sig() refuse a signature of nothing.
        if (length >= at)
            throw FormatErrors.ModuleSignatureLength.With(length, at);
        if (length > LargestSignedData)
            throw FormatErrors.ModuleSignatureField.With(at, "sig_len", length, $"at most {LargestSignedData}");
        return new(at - length, file.ReadBytes(at - length, length));
    }

    /// <summary>What is to be written behind the content.</summary>
    public static byte[] Encode(ReadOnlySpan<byte> signedData)
    {
        byte[] bytes = new byte[signedData.Length + BlockSize + Marker.Length];
        signedData.CopyTo(bytes);
        Span<byte> block = bytes.AsSpan(signedData.Length, BlockSize);
        block[2] = Pkcs7;
        BinaryPrimitives.WriteInt32BigEndian(block[8..], signedData.Length);
        Marker.CopyTo(bytes.AsSpan(signedData.Length + BlockSize));
        return bytes;
    }

    // kernel/module_signature.c, mod_check_sig().
    private static void Check(ReadOnlySpan<byte> block, long at)
    {
        ReadOnlySpan<string> names = ["algo", "hash", "id_type", "signer_len", "key_id_len", "pad[0]", "pad[1]", "pad[2]"];
        for (int i = 0; i < names.Length; i++)
        {
            int wanted = i == 2 ? Pkcs7 : 0;
            if (block[i] != wanted)
                throw FormatErrors.ModuleSignatureField.With(at + i, names[i], block[i], wanted);
        }
    }
}
