using System.Buffers.Binary;
using System.Security.Cryptography;

namespace KexecSign.Formats.Uki;

/// <summary>A TPM 2.0 policy that asks for one value of one register (TPM 2.0 Library, part 3, TPM2_PolicyPCR).</summary>
public static class PcrPolicy
{
    private const uint PolicyPcr = 0x0000017F;

    /// <summary>The policy's digest in a SHA-256 session, which is what systemd uses whatever the bank.</summary>
    /// <param name="bank">The bank.</param>
    /// <param name="register">Number of the register, 0 to 23.</param>
    /// <param name="value">The value it must have.</param>
    public static byte[] Digest(PcrBank bank, int register, ReadOnlySpan<byte> value)
    {
        // Command code, TPML_PCR_SELECTION with one entry of three octets, all big-endian.
        byte[] head = new byte[4 + 4 + 2 + 1 + 3];
        BinaryPrimitives.WriteUInt32BigEndian(head, PolicyPcr);
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(8), bank.Id);
        head[10] = 3;
        head[11 + register / 8] = (byte)(1 << register % 8);
        byte[] start = new byte[SHA256.HashSizeInBytes];
        return SHA256.HashData([.. start, .. head, .. SHA256.HashData(value)]);
    }
}
