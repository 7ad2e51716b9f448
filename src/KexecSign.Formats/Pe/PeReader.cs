using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Numerics;
using System.Text;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Pe;

/// <summary>
/// Reads PE headers. Stricter than any one consumer: what the kernel (crypto/asymmetric_keys/verify_pefile.c) and
/// firmware would read differently is refused here, so that later code can trust the numbers.
/// </summary>
public static class PeReader
{
    // DOS header, PE header and optional header of all known kernels end within the first 4 KiB.
    private const int FirstRead = 4096;

    /// <summary>Reads the headers of a file.</summary>
    /// <exception cref="KexecSignException">KS1001-KS1007 when the file is no PE image or its headers contradict each other.</exception>
    public static PeImage Read(Layout file)
    {
        PeImage image = ReadDamaged(file);
        RequireCertificateTableInside(image);
        return image;
    }

    /// <summary>The same for an image whose certificate table may lie anywhere: one that is to be taken off.</summary>
    /// <exception cref="KexecSignException">As <see cref="Read"/>.</exception>
    public static PeImage ReadDamaged(Layout file)
    {
        byte[] head = file.ReadBytes(0, Math.Min(FirstRead, file.Length));
        long needed = RequiredHeaderBytes(head, file.Length);
        if (needed > head.Length)
            head = file.ReadBytes(0, needed);
        PeImage image = ParseDamaged(head, file.Length);
        return image with { Sections = LongSectionNames.Resolve(image, file) };
    }

    /// <summary>Whether a file begins like a PE image; says nothing of the rest.</summary>
    public static bool LooksLikePe(ReadOnlySpan<byte> head)
    {
        if (head.Length < 64 || head[0] != 'M' || head[1] != 'Z')
            return false;
        uint offset = U32(head, PeConstants.PeOffsetField);
        return offset <= head.Length - 4 && U32(head, (int)offset) == 0x00004550;
    }

    /// <summary>Parses headers.</summary>
    /// <param name="head">The file's first bytes, the section table included.</param>
    /// <param name="fileLength">Length of the whole file, in bytes.</param>
    public static PeImage Parse(ReadOnlySpan<byte> head, long fileLength)
    {
        PeImage image = ParseDamaged(head, fileLength);
        RequireCertificateTableInside(image);
        return image;
    }

    private static PeImage ParseDamaged(ReadOnlySpan<byte> head, long fileLength)
    {
        int pe = HeaderOffset(head, fileLength);
        int optional = pe + 24;
        bool plus = IsPe32Plus(head, optional, fileLength);
        int directories = optional + (plus ? 112 : 96);
        Need(head, directories, fileLength);

        ImmutableArray<PeDirectory> directoryTable = ReadDirectories(head, optional, directories, plus, fileLength);
        int sectionTable = directories + 8 * directoryTable.Length;
        int sectionCount = U16(head, pe + 6);
        uint sizeOfHeaders = U32(head, optional + 60);
        long tableEnd = sectionTable + (long)sectionCount * PeConstants.SectionHeaderSize;
        if (sizeOfHeaders < tableEnd || sizeOfHeaders > fileLength)
            throw FormatErrors.HeadersDoNotFit.With(sizeOfHeaders, tableEnd, fileLength);
        Need(head, tableEnd, fileLength);

        var image = new PeImage
        {
            HeaderOffset = pe,
            IsPe32Plus = plus,
            Machine = U16(head, pe + 4),
            TimeDateStamp = U32(head, pe + 8),
            SymbolTable = U32(head, pe + 12),
            SymbolCount = U32(head, pe + 16),
            SizeOfInitializedData = U32(head, optional + 8),
            EntryPoint = U32(head, optional + 16),
            SectionAlignment = U32(head, optional + 32),
            FileAlignment = U32(head, optional + 36),
            SizeOfImage = U32(head, optional + 56),
            SizeOfHeaders = sizeOfHeaders,
            CheckSum = U32(head, optional + 64),
            Subsystem = U16(head, optional + 68),
            DllCharacteristics = U16(head, optional + 70),
            Directories = directoryTable,
            Sections = ReadSections(head[sectionTable..], sectionCount),
            FileLength = fileLength,
        };
        RequireAlignments(image);
        return image;
    }

    private static long RequiredHeaderBytes(ReadOnlySpan<byte> head, long fileLength)
    {
        int pe = HeaderOffset(head, fileLength, mayLieBehind: true);
        bool known = pe + 24L <= head.Length;
        long sections = known ? U16(head, pe + 6) : ushort.MaxValue, optionalHeader = known ? U16(head, pe + 20) : ushort.MaxValue;
        return Math.Min(fileLength, pe + 24 + optionalHeader + sections * PeConstants.SectionHeaderSize);
    }

    private static int HeaderOffset(ReadOnlySpan<byte> head, long fileLength, bool mayLieBehind = false)
    {
        // Asked first: a short text is no image that was cut short.
        if (head.Length >= 2 && (head[0] != 'M' || head[1] != 'Z'))
            throw FormatErrors.NotPe.With(0, Convert.ToHexString(head[..2]), "'MZ' (4D5A)");
        Need(head, 64, fileLength);
        uint offset = U32(head, PeConstants.PeOffsetField);
        if (offset > Math.Min(fileLength - 24, int.MaxValue / 2))
            throw FormatErrors.OutsideFile.With(offset, 24, fileLength);
        if (offset + 24 > head.Length && mayLieBehind)
            return (int)offset;
        Need(head, offset + 24L, fileLength);
        if (U32(head, (int)offset) != 0x00004550)
            throw FormatErrors.NotPe.With(offset, Convert.ToHexString(head.Slice((int)offset, 4)), "'PE' (50450000)");
        return (int)offset;
    }

    private static bool IsPe32Plus(ReadOnlySpan<byte> head, int optional, long fileLength)
    {
        Need(head, optional + 2L, fileLength);
        return U16(head, optional) switch
        {
            0x020B => true,
            0x010B => false,
            ushort magic => throw FormatErrors.UnknownOptionalHeader.With(optional, magic),
        };
    }

    private static ImmutableArray<PeDirectory> ReadDirectories(
        ReadOnlySpan<byte> head, int optional, int directories, bool plus, long fileLength)
    {
        uint count = U32(head, directories - 4);
        int sizeOfOptionalHeader = U16(head, optional - 4);
        long expected = (plus ? 112 : 96) + 8L * count;
        if (sizeOfOptionalHeader != expected)
            throw FormatErrors.OptionalHeaderSize.With(sizeOfOptionalHeader, count, expected);
        Need(head, directories + 8L * count, fileLength);
        var table = ImmutableArray.CreateBuilder<PeDirectory>((int)count);
        for (int i = 0; i < count; i++)
            table.Add(new(U32(head, directories + 8 * i), U32(head, directories + 8 * i + 4)));
        return table.MoveToImmutable();
    }

    private static ImmutableArray<PeSection> ReadSections(ReadOnlySpan<byte> table, int count)
    {
        var sections = ImmutableArray.CreateBuilder<PeSection>(count);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = table.Slice(i * PeConstants.SectionHeaderSize, PeConstants.SectionHeaderSize);
            ReadOnlySpan<byte> name = header[..8];
            int end = name.IndexOf((byte)0);
            sections.Add(new PeSection(
                Encoding.Latin1.GetString(end < 0 ? name : name[..end]),
                VirtualSize: U32(header, 8), VirtualAddress: U32(header, 12),
                SizeOfRawData: U32(header, 16), PointerToRawData: U32(header, 20), Characteristics: U32(header, 36)));
        }
        return sections.MoveToImmutable();
    }

    private static void RequireAlignments(PeImage image)
    {
        if (!BitOperations.IsPow2(image.FileAlignment) || !BitOperations.IsPow2(image.SectionAlignment)
            || image.FileAlignment > image.SectionAlignment)
            throw FormatErrors.BadAlignment.With(image.FileAlignment, image.SectionAlignment);
    }

    private static void RequireCertificateTableInside(PeImage image)
    {
        if (!image.IsSigned)
            return;
        (uint offset, uint size) = (image.CertificateTable.Address, image.CertificateTable.Size);
        long end = (long)offset + size;
        if (offset < image.SizeOfHeaders || size == 0 || end > image.FileLength)
            throw FormatErrors.CertificateTableMisplaced.With(offset, end, image.SectionsEnd, image.FileLength);
    }

    private static void Need(ReadOnlySpan<byte> head, long end, long fileLength)
    {
        if (end > head.Length)
            throw FormatErrors.OutsideFile.With(0, end, fileLength);
    }

    private static ushort U16(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

    private static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);
}
