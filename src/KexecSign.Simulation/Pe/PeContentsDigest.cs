using System.Security.Cryptography;
using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Errors;
using KexecSign.Simulation.Kexec;

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
    public static PeDigestResult Compute(Layout file, PeHeaders headers, HashAlgorithmName algorithm, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(algorithm);
        byte[] chunk = new byte[(int)Math.Min(ChunkSize, headers.Length)];

        uint behindChecksum = headers.ChecksumOffset + 4, behindEntry = headers.CertificateEntryOffset + 8;
        Update("the header's parts", 0, headers.ChecksumOffset);
        Update("the header's parts", behindChecksum, (long)headers.CertificateEntryOffset - behindChecksum);
        Update("SizeOfHeaders against the certificate entry", behindEntry, (long)headers.HeaderSize - behindEntry);

        long hashed = headers.HeaderSize;
        foreach (SectionHeader section in SortedSections(file, headers))
        {
            if (section.RawSize == 0)
                continue;
            Update("section ranges", section.RawOffset, section.RawSize);
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
            Update("the tail", hashed, tail);
        }
        return new PeDigestResult(hash.GetHashAndReset(), hashed, tail);

        void Update(string what, long offset, long length)
        {
            if (length < 0 || offset + length > headers.Length)
                throw Faults(what, offset, length);
            for (long at = offset, end = offset + length; at < end;)
            {
                cancellation.ThrowIfCancellationRequested();
                Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, end - at));
                file.Read(at, part);
                hash.AppendData(part);
                at += part.Length;
            }
        }

        Refusal Faults(string what, long offset, long length) =>
            new(KernelErrno.EFAULT, KexecRules.KernelFaults, "", what, offset, length, headers.Length);
    }

    private static IEnumerable<SectionHeader> SortedSections(Layout file, PeHeaders headers)
    {
        // kcalloc(0) gives a poison pointer, and canon[0] is written without a look at the count.
        if (headers.SectionCount == 0)
            throw new Refusal(KernelErrno.EFAULT, KexecRules.KernelFaults, "", "that there is a section", headers.SectionsOffset, 0, headers.Length);
        byte[] table = file.ReadBytes(headers.SectionsOffset, headers.SectionCount * SectionHeader.Size);
        return Enumerable.Range(0, headers.SectionCount)
            .Select(index => new SectionHeader(table.AsMemory(index * SectionHeader.Size, SectionHeader.Size)))
            .Order(Comparer<SectionHeader>.Create(SectionHeader.Compare));
    }
}
