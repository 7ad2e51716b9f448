using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Uki;

/// <summary>
/// The little of a flattened device tree that a consumer of unified kernel images looks at (Devicetree Specification 0.4, chapter 5).
/// </summary>
/// <param name="Compatible">The root's compatible strings, by which .dtbauto is chosen.</param>
public sealed record DeviceTree(ImmutableArray<string> Compatible)
{
    /// <summary>What is larger is no device tree of a machine.</summary>
    public const int MaxLength = 16 << 20;

    private const uint Magic = 0xD00DFEED;
    private const uint BeginNode = 1, Property = 3, Nop = 4;
    private const int HeaderSize = 40;

    /// <summary>Reads a blob.</summary>
    /// <exception cref="KexecSignException">KS1716 when it is none, or cut short.</exception>
    public static DeviceTree Read(ReadOnlySpan<byte> blob)
    {
        if (blob.Length < HeaderSize || U32(blob, 0) != Magic || U32(blob, 4) > blob.Length || U32(blob, 4) < HeaderSize)
            throw FormatErrors.NotDeviceTree.With(Convert.ToHexString(blob[..Math.Min(8, blob.Length)]), blob.Length);
        return new(CompatibleOf(blob[..(int)U32(blob, 4)]));
    }

    private static ImmutableArray<string> CompatibleOf(ReadOnlySpan<byte> blob)
    {
        uint structure = U32(blob, 8), strings = U32(blob, 12);
        if (structure > blob.Length || strings > blob.Length)
            return [];
        ReadOnlySpan<byte> names = blob[(int)strings..], rest = blob[(int)structure..];
        // The root has no name: its token, then four zeros.
        if (rest.Length < 8 || U32(rest, 0) != BeginNode || U32(rest, 4) != 0)
            return [];
        rest = rest[8..];
        while (rest.Length >= 12 && U32(rest, 0) is Property or Nop)
        {
            if (U32(rest, 0) == Nop)
            {
                rest = rest[4..];
                continue;
            }
            uint length = U32(rest, 4), name = U32(rest, 8);
            long padded = (length + 3L) / 4 * 4;
            if (12 + padded > rest.Length || name >= names.Length)
                return [];
            if (names[(int)name..].StartsWith("compatible\0"u8))
                return [.. Encoding.ASCII.GetString(rest.Slice(12, (int)length)).Split('\0', StringSplitOptions.RemoveEmptyEntries)];
            rest = rest[(int)(12 + padded)..];
        }
        return [];
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32BigEndian(bytes[offset..]);
}
