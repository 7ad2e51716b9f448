using System.Buffers.Binary;
using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Pe;

/// <summary><c>pefile_strip_sig_wrapper()</c>: the PKCS#7 message inside the first WIN_CERTIFICATE, further entries unread.</summary>
internal static class SignatureWrapper
{
    private const int WrapperSize = 8;
    private const int DecoderLimit = 0xFFFF;

    /// <summary>Takes the message out of its wrapper and cuts the padding off.</summary>
    /// <exception cref="Refusal">ELIBBAD, ENOTSUPP, EMSGSIZE or EKEYREJECTED.</exception>
    public static byte[] Strip(Layout file, PeHeaders headers)
    {
        uint table = headers.CertificatesOffset;
        if (headers.CertificatesSize < WrapperSize)
            throw new Refusal(KernelErrno.ELIBBAD, KexecRules.WrapperLength, "PEFILE: Signature wrapper too short", table, 0,
                headers.CertificatesSize);
        Span<byte> wrapper = stackalloc byte[WrapperSize];
        file.Read(table, wrapper);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(wrapper);
        ushort revision = BinaryPrimitives.ReadUInt16LittleEndian(wrapper[4..]);
        ushort type = BinaryPrimitives.ReadUInt16LittleEndian(wrapper[6..]);
        if (length > headers.CertificatesSize)
            throw new Refusal(
                KernelErrno.ELIBBAD, KexecRules.WrapperLength,
                $"PEFILE: Signature wrapper bigger than sig len ({headers.CertificatesSize:x} > {length:x})", table, length,
                    headers.CertificatesSize);
        if (revision != 0x0200)
            throw new Refusal(KernelErrno.ENOTSUPP, KexecRules.WrapperKind, "PEFILE: Signature is not revision 2.0", table, revision, type);
        if (type != 0x0002)
            throw new Refusal(KernelErrno.ENOTSUPP, KexecRules.WrapperKind, "PEFILE: Signature certificate type is not PKCS", table,
                revision, type);

        // sig_len is unsigned: a dwLength below 8 wraps to nearly 4 GiB and passes the check for four bytes.
        uint available = unchecked(length - WrapperSize);
        if (available < 4)
            throw new Refusal(KernelErrno.EKEYREJECTED, KexecRules.WrapperLength, "PEFILE: Signature data missing", table, length,
                headers.CertificatesSize);
        uint start = table + WrapperSize;
        return ReadBuffer(file, start, MessageLength(file, start, available));
    }

    private static uint MessageLength(Layout file, uint start, uint available)
    {
        byte[] head = ReadBuffer(file, start, 4);
        if (head[0] != 0x30)
            throw NotPkcs7();
        uint length;
        switch (head[1])
        {
            case < 0x80:
                length = head[1] + 2u;
                break;
            case 0x80:
                // Indefinite length: the padding goes to the decoder too.
                length = available;
                break;
            case 0x81:
                length = head[2] + 3u;
                break;
            case 0x82:
                length = ((uint)head[2] << 8 | head[3]) + 4;
                break;
            default:
                throw new Refusal(KernelErrno.EMSGSIZE, KexecRules.Pkcs7TooBig, "", start, available);
        }
        if (length > available)
            throw NotPkcs7();
        if (length > DecoderLimit)
            throw new Refusal(KernelErrno.EMSGSIZE, KexecRules.Pkcs7TooBig, "", start, length);
        return length;

        Refusal NotPkcs7() => new(
            KernelErrno.ELIBBAD, KexecRules.NotPkcs7, "PEFILE: Signature data not PKCS#7",
            start, BinaryPrimitives.ReadUInt32BigEndian(head), available);
    }

    private static byte[] ReadBuffer(Layout file, uint offset, uint length)
    {
        if (offset + (long)length > file.Length)
            throw new Refusal(KernelErrno.EFAULT, KexecRules.KernelFaults, "", "dwLength below 8", offset, length, file.Length);
        return file.ReadBytes(offset, length);
    }
}
