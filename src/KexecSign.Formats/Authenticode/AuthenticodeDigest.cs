using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Authenticode;

/// <summary>A range of a file, in bytes.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Number of bytes.</param>
public readonly record struct ByteRange(long Offset, long Length);

/// <summary>
/// The two Authenticode hashes that are in use. On a canonical image they are one. Flat: from the first byte to the
/// certificate table, without checksum, certificate directory entry and table (osslsigncode, jsign). Sectionwise: headers,
/// then the sections by file offset, then as many bytes as are left over (Linux verify_pefile.c, EDK2, shim, sbsign, pesign).
/// </summary>
public static class AuthenticodeDigest
{
    private const int ChunkSize = 1 << 20;

    /// <summary>What the flat hash covers, in order.</summary>
    public static ImmutableArray<ByteRange> FlatRanges(PeImage image) => Headers(image, image.BodyLength);

    /// <summary>What the sectionwise hash covers, in order.</summary>
    public static ImmutableArray<ByteRange> SectionRanges(PeImage image)
    {
        ImmutableArray<ByteRange>.Builder ranges = Headers(image, image.SizeOfHeaders).ToBuilder();
        long hashed = image.SizeOfHeaders;
        foreach (PeSection section in InFileOrder(image))
        {
            ranges.Add(new(section.PointerToRawData, section.SizeOfRawData));
            hashed += section.SizeOfRawData;
        }
        // "Extra data" begins at the sum of what was hashed, which is a file offset only when there are no gaps.
        long extra = image.FileLength - image.CertificateTable.Size - hashed;
        if (extra > 0)
            ranges.Add(new(hashed, extra));
        return ranges.ToImmutable();
    }

    /// <summary>
    /// Zeros that a signer puts behind an unsigned image, and that the digest it signs covers, up to 7: certificate tables begin at
    /// multiples of 8.
    /// </summary>
    public static int SigningPadding(PeImage image) => image.IsSigned ? 0 : (int)(Alignment.Up(image.FileLength, 8) - image.FileLength);

    /// <summary>
    /// Zeros that shim counts to the digest of an unsigned image (pe.c, generate_hash()): only when bytes lie behind the sections. EDK2
    /// counts none.
    /// </summary>
    public static int ShimPadding(PeImage image)
    {
        long hashed = image.SizeOfHeaders;
        foreach (PeSection section in image.Sections)
            hashed += section.SizeOfRawData;
        return image.FileLength > hashed ? SigningPadding(image) : 0;
    }

    private static IEnumerable<PeSection> InFileOrder(PeImage image)
    {
        PeSection[] sections = [.. image.Sections.Where(s => s.SizeOfRawData != 0)];
        for (int i = 1; i < sections.Length; i++)
        {
            if (sections[i].PointerToRawData <= sections[i - 1].PointerToRawData)
                return sections.OrderBy(s => s.PointerToRawData).ThenBy(s => s.VirtualAddress);
        }
        return sections;
    }

    /// <summary>Hashes ranges of a file.</summary>
    public static byte[] Compute(Layout file, ImmutableArray<ByteRange> ranges, HashAlgorithmName hash)
    {
        using IncrementalHash hasher = IncrementalHash.CreateHash(hash);
        byte[] chunk = new byte[(int)Math.Min(ChunkSize, Math.Max(file.Length, 1))];
        foreach (ByteRange range in ranges)
        {
            for (long done = 0; done < range.Length;)
            {
                Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, range.Length - done));
                file.Read(range.Offset + done, part);
                hasher.AppendData(part);
                done += part.Length;
            }
        }
        return hasher.GetHashAndReset();
    }

    private static ImmutableArray<ByteRange> Headers(PeImage image, long end)
    {
        long behindChecksum = image.CheckSumOffset + 4;
        long behindDirectory = image.CertificateDirectoryOffset + 8;
        return
        [
            new(0, image.CheckSumOffset),
            new(behindChecksum, image.CertificateDirectoryOffset - behindChecksum),
            new(behindDirectory, end - behindDirectory),
        ];
    }
}
