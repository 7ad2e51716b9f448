using System.Buffers.Binary;
using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Pe;

/// <summary>
/// What <c>pefile_parse_binary()</c> of crypto/asymmetric_keys/verify_pefile.c keeps of a PE file. Written from that
/// function and not from the PE reader of the formats, so that the two can be compared.
/// </summary>
internal sealed record PeHeaders
{
    private const int DosHeaderSize = 64;
    private const int PeHeaderSize = 24;
    private const int DirectorySize = 8;
    private const int CertificateDirectory = 4;

    /// <summary>Length as the kernel passes it on: an unsigned int.</summary>
    public required uint Length { get; init; }

    /// <summary>SizeOfHeaders.</summary>
    public required uint HeaderSize { get; init; }

    /// <summary>File offset of CheckSum.</summary>
    public required uint ChecksumOffset { get; init; }

    /// <summary>File offset of the certificate directory entry.</summary>
    public required uint CertificateEntryOffset { get; init; }

    /// <summary>File offset of the certificate table.</summary>
    public required uint CertificatesOffset { get; init; }

    /// <summary>Length of the certificate table; 0 when the file is unsigned.</summary>
    public required uint CertificatesSize { get; init; }

    /// <summary>File offset of the section table: right behind the directories, whatever SizeOfOptionalHeader says.</summary>
    public required uint SectionsOffset { get; init; }

    /// <summary>Number of sections.</summary>
    public required ushort SectionCount { get; init; }

    /// <summary>Parses a file that must be signed.</summary>
    /// <exception cref="Refusal">ELIBBAD, or ENODATA when there is no certificate table.</exception>
    public static PeHeaders Parse(Layout file) => Parse(file, mustBeSigned: true);

    /// <summary>Parses a file that may be unsigned, for its digest alone.</summary>
    /// <exception cref="Refusal">ELIBBAD.</exception>
    public static PeHeaders ParseForDigest(Layout file) => Parse(file, mustBeSigned: false);

    private static PeHeaders Parse(Layout file, bool mustBeSigned)
    {
        uint length = unchecked((uint)file.Length);
        CheckAddress("the DOS header", 0, 0, DosHeaderSize, length);
        byte[] dos = file.ReadBytes(0, DosHeaderSize);
        ushort mz = BinaryPrimitives.ReadUInt16LittleEndian(dos);
        if (mz != 0x5A4D)
            throw Bad(KexecRules.NotPe, "", "MZ", 0, mz);

        uint peOffset = BinaryPrimitives.ReadUInt32LittleEndian(dos.AsSpan(0x3C));
        CheckAddress("the PE header", DosHeaderSize, peOffset, PeHeaderSize, length);
        byte[] pe = file.ReadBytes(peOffset, PeHeaderSize);
        uint signature = BinaryPrimitives.ReadUInt32LittleEndian(pe);
        if (signature != 0x4550)
            throw Bad(KexecRules.NotPe, "", "PE\\0\\0", peOffset, signature);

        uint optional = peOffset + PeHeaderSize;
        CheckAddress("the optional header's magic", 0, optional, 2, length);
        int fixedSize = FixedSize(file, optional);
        CheckAddress("the optional header", 0, optional, fixedSize, length);
        byte[] header = file.ReadBytes(optional, fixedSize);
        uint headerSize = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(60));
        uint directoryCount = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(fixedSize - 4));
        uint directories = optional + (uint)fixedSize;
        if (directories >= headerSize || headerSize >= length)
            throw Bad(KexecRules.HeadersTooSmall, "", headerSize, "the optional header's fixed part", directories, length);
        if (directoryCount > (headerSize - directories) / DirectorySize)
            throw Bad(KexecRules.HeadersTooSmall, "", headerSize, "the data directories",
                directories + (ulong)directoryCount * DirectorySize, length);

        long certificateEntry = (long)directories + CertificateDirectory * DirectorySize;
        (uint address, uint size) = ReadCertificateEntry(file, certificateEntry, length);
        bool signed = address != 0 && size != 0;
        if (mustBeSigned && !signed)
            throw new Refusal(KernelErrno.ENODATA, KexecRules.Unsigned, "PEFILE: Unsigned PE binary", certificateEntry, address, size);
        if (signed)
            CheckAddress("the certificate table", headerSize, address, size, length);

        uint sections = directories + directoryCount * DirectorySize;
        ushort sectionCount = BinaryPrimitives.ReadUInt16LittleEndian(pe.AsSpan(6));
        if (sectionCount > (headerSize - sections) / SectionHeader.Size)
            throw Bad(KexecRules.HeadersTooSmall, "", headerSize, "the section table", sections + (ulong)sectionCount * SectionHeader.Size,
                length);

        return new PeHeaders
        {
            Length = length,
            HeaderSize = headerSize,
            ChecksumOffset = optional + 64,
            CertificateEntryOffset = (uint)certificateEntry,
            CertificatesOffset = signed ? address : 0,
            CertificatesSize = signed ? size : 0,
            SectionsOffset = sections,
            SectionCount = sectionCount,
        };
    }

    private static int FixedSize(Layout file, uint optional)
    {
        Span<byte> magic = stackalloc byte[2];
        file.Read(optional, magic);
        ushort value = BinaryPrimitives.ReadUInt16LittleEndian(magic);
        return value switch
        {
            0x010B => 96,
            0x020B => 112,
            _ => throw Bad(KexecRules.NotPe, $"PEFILE: Unknown PEOPT magic = {value:x4}", "0x10b or 0x20b", optional, value),
        };
    }

    // The kernel reads the fifth directory entry even when the file declares fewer; it may lie behind the buffer.
    private static (uint Address, uint Size) ReadCertificateEntry(Layout file, long offset, uint length)
    {
        if (offset + DirectorySize > length)
            throw new Refusal(KernelErrno.EFAULT, KexecRules.KernelFaults, "", "that there are five data directories", offset,
                DirectorySize, length);
        Span<byte> entry = stackalloc byte[DirectorySize];
        file.Read(offset, entry);
        return (BinaryPrimitives.ReadUInt32LittleEndian(entry), BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]));
    }

    // chkaddr(): the size must be *less* than the file, so a structure that is the whole file is refused too.
    private static void CheckAddress(string what, long floor, long address, long size, uint length)
    {
        if (address < floor || size >= length || address > length - size)
            throw Bad(KexecRules.OutsideFile, "", what, floor, length, address, size);
    }

    private static Refusal Bad(Formats.Errors.ErrorCode rule, string message, params object?[] found) =>
        new(KernelErrno.ELIBBAD, rule, message, found);
}
