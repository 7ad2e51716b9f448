using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Pe;

/// <summary>Result of hashing a PE file the kernel's way.</summary>
/// <param name="Digest">The digest.</param>
/// <param name="Hashed">SizeOfHeaders plus all raw sizes: where the kernel believes the sections end.</param>
/// <param name="Tail">Bytes behind that which went into the hash.</param>
internal sealed record PeDigestResult(byte[] Digest, long Hashed, long Tail);

/// <summary><c>pefile_digest_pe_contents()</c>: the digest, byte for byte.</summary>
internal static class PeContentsDigest
{
    private const int ChunkSize = 1 << 20;

    /// <summary>Hashes headers without CheckSum and certificate entry, the sections in file order, and the tail.</summary>
    /// <exception cref="Refusal">ELIBBAD when the table is cut; EFAULT where the kernel would leave its buffer.</exception>
    public static PeDigestResult Compute(
        Layout file, PeHeaders headers, HashAlgorithmName algorithm, Func<ImmutableArray<ByteRange>, HashAlgorithmName, byte[]> hash)
    {
        var ranges = ImmutableArray.CreateBuilder<ByteRange>();
        uint behindChecksum = headers.ChecksumOffset + 4, behindEntry = headers.CertificateEntryOffset + 8;
        Add("the header's parts", 0, headers.ChecksumOffset);
        Add("the header's parts", behindChecksum, (long)headers.CertificateEntryOffset - behindChecksum);
        Add("SizeOfHeaders against the certificate entry", behindEntry, (long)headers.HeaderSize - behindEntry);

        long hashed = headers.HeaderSize;
        foreach (SectionHeader section in SortedSections(file, headers))
        {
            if (section.RawSize == 0)
                continue;
            Add("section ranges", section.RawOffset, section.RawSize);
            hashed += section.RawSize;
            if (hashed > uint.MaxValue)
                throw Faults("the sum of the raw sizes", section.RawOffset, section.RawSize);
        }

        long tail = 0;
        if (headers.Length > hashed)
        {
            long behindTable = hashed + headers.CertificatesSize;
            // An unsigned file never gets here in the kernel; its digest is what a signer would compute.
            bool wraps = behindTable > uint.MaxValue || (behindTable <= hashed && headers.CertificatesSize != 0);
            if (wraps || headers.Length < behindTable)
                throw new Refusal(KernelErrno.ELIBBAD, KexecRules.TableCut, "", hashed, headers.CertificatesSize, headers.Length);
            tail = headers.Length - behindTable;
            Add("the tail", hashed, tail);
        }
        return new PeDigestResult(hash(ranges.ToImmutable(), algorithm), hashed, tail);

        void Add(string what, long offset, long length)
        {
            if (length < 0 || offset + length > headers.Length)
                throw Faults(what, offset, length);
            ranges.Add(new(offset, length));
        }

        Refusal Faults(string what, long offset, long length) =>
            new(KernelErrno.EFAULT, KexecRules.KernelFaults, "", what, offset, length, headers.Length);
    }

    /// <summary>Hashes ranges of a file.</summary>
    public static byte[] Hash(Layout file, ImmutableArray<ByteRange> ranges, HashAlgorithmName algorithm, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(algorithm);
        byte[] chunk = new byte[(int)Math.Min(ChunkSize, Math.Max(file.Length, 1))];
        foreach (ByteRange range in ranges)
        {
            for (long at = range.Offset, end = range.Offset + range.Length; at < end;)
            {
                cancellation.ThrowIfCancellationRequested();
                Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, end - at));
                file.Read(at, part);
                hash.AppendData(part);
                at += part.Length;
            }
        }
        return hash.GetHashAndReset();
    }

    private static IEnumerable<SectionHeader> SortedSections(Layout file, PeHeaders headers)
    {
        // kcalloc(0) gives a poison pointer, and canon[0] is written without a look at the count.
        if (headers.SectionCount == 0)
            throw new Refusal(KernelErrno.EFAULT, KexecRules.KernelFaults, "", "that there is a section", headers.SectionsOffset, 0,
                headers.Length);
        byte[] table = file.ReadBytes(headers.SectionsOffset, headers.SectionCount * SectionHeader.Size);
        return Enumerable.Range(0, headers.SectionCount)
            .Select(index => new SectionHeader(table.AsMemory(index * SectionHeader.Size, SectionHeader.Size)))
            .Order(Comparer<SectionHeader>.Create(SectionHeader.Compare));
    }
}
