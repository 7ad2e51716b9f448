using System.Buffers.Binary;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Pe;

/// <summary>
/// Whether an image is canonical: sections in file order, no gap from SizeOfHeaders on, raw sizes multiples of
/// FileAlignment, and nothing behind the last section but a COFF symbol table and the certificate table. Only on such files do all signers
/// and verifiers compute the same Authenticode hash.
/// </summary>
public static class PeCanonical
{
    private const int ChunkSize = 64 * 1024;

    /// <summary>Refuses an image that is not canonical, with the first violation found.</summary>
    /// <param name="image">The image's headers.</param>
    /// <param name="file">The image's bytes; only the tail behind the last section is read.</param>
    /// <param name="trailing">Whether bytes behind the last section are let pass: both hashes cover them, and firmware takes them.</param>
    /// <exception cref="KexecSignException">KS1006, KS1011-KS1018.</exception>
    public static void Require(PeImage image, Layout file, bool trailing = false)
    {
        KexecSignException? first = Violations(image, file).FirstOrDefault(v => !trailing || v.Code != FormatErrors.TrailingBytes);
        if (first is not null)
            throw first;
    }

    /// <summary>All violations, in the order in which they stand in the file.</summary>
    public static IEnumerable<KexecSignException> Violations(PeImage image, Layout file)
    {
        if (!image.CanBeSigned)
            yield return FormatErrors.NoCertificateDirectory.With(image.Directories.Length);

        long end = image.SizeOfHeaders;
        PeSection? previous = null;
        foreach (PeSection section in image.Sections)
        {
            if (section.SizeOfRawData == 0)
                continue;
            KexecSignException? violation = Placement(image, section, previous, end);
            if (violation is not null)
                yield return violation;
            if (!Alignment.Holds(section.SizeOfRawData, image.FileAlignment))
                yield return FormatErrors.UnalignedSection.With(section.Name, section.SizeOfRawData, image.FileAlignment);
            if (section.RawEnd > image.BodyLength)
                yield return FormatErrors.SectionOutsideFile.With(section.Name, section.RawEnd, image.BodyLength);
            end = Math.Max(end, section.RawEnd);
            previous = section;
        }

        if (image.IsSigned)
        {
            PeDirectory table = image.CertificateTable;
            long tableEnd = (long)table.Address + table.Size;
            if (table.Address < end || !Alignment.Holds(table.Address, 8) || tableEnd != image.FileLength)
                yield return FormatErrors.CertificateTableMisplaced.With(table.Address, tableEnd, end, image.FileLength);
        }
        end = Math.Max(end, SymbolsEnd(image, file, end));
        // A kernel Image may be zero-padded up to image_size ("fit" in docs/glossary.md): flat and sectionwise hashes agree
        // there, and zeros hide nothing.
        if (end < image.BodyLength && !IsZero(file, end, image.BodyLength))
            yield return FormatErrors.TrailingBytes.With(end, image.BodyLength - end, image.BodyLength);
    }

    /// <summary>Where what the headers tell of ends: behind the last section, or behind the symbol table that follows it.</summary>
    public static long ContentEnd(PeImage image, Layout file) => Math.Max(image.SectionsEnd, SymbolsEnd(image, file, image.SectionsEnd));

    // shim and boot loaders linked by binutils have a COFF symbol table there and its strings; all hashes cover both.
    private static long SymbolsEnd(PeImage image, Layout file, long sectionsEnd)
    {
        const int symbolSize = 18, lengthSize = 4;
        long strings = image.SymbolTable + (long)image.SymbolCount * symbolSize;
        if (image.SymbolTable == 0 || image.SymbolTable != sectionsEnd || strings + lengthSize > image.BodyLength)
            return 0;
        long end = strings + BinaryPrimitives.ReadUInt32LittleEndian(file.ReadBytes(strings, lengthSize));
        return end >= strings + lengthSize && end <= image.BodyLength ? end : 0;
    }

    private static KexecSignException? Placement(PeImage image, PeSection section, PeSection? previous, long end)
    {
        long start = section.PointerToRawData;
        if (start == end)
            return null;
        if (previous is not null && start < previous.PointerToRawData)
            return FormatErrors.SectionsOutOfOrder.With(section.Name, start, previous.Name, previous.PointerToRawData);
        if (start < end)
            return FormatErrors.SectionsOverlap.With(section.Name, start, end, Math.Min(end, section.RawEnd) - start);
        return previous is null
            ? FormatErrors.GapAfterHeaders.With(image.SizeOfHeaders, section.Name, start, start - end)
            : FormatErrors.GapBetweenSections.With(section.Name, start, end, start - end);
    }

    private static bool IsZero(Layout file, long start, long end)
    {
        byte[] chunk = new byte[(int)Math.Min(ChunkSize, end - start)];
        for (long at = start; at < end; at += chunk.Length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, end - at));
            file.Read(at, part);
            if (part.ContainsAnyExcept((byte)0))
                return false;
        }
        return true;
    }
}
