using System.Collections.Immutable;

namespace KexecSign.Formats.Pe;

/// <summary>A data directory: for the certificate table <see cref="Address"/> is a file offset, for all others an RVA.</summary>
/// <param name="Address">File offset or RVA, in bytes.</param>
/// <param name="Size">Size in bytes.</param>
public sealed record PeDirectory(uint Address, uint Size)
{
    /// <summary>One that is not there.</summary>
    public static PeDirectory None { get; } = new(0, 0);
}

/// <summary>
/// The headers of a PE image as <see cref="PeReader"/> found them: every number is known to lie inside the file as far as
/// the headers go, but whether sections are in order is for <see cref="PeCanonical"/> to say.
/// </summary>
public sealed record PeImage
{
    /// <summary>File offset of <c>PE\0\0</c>.</summary>
    public required int HeaderOffset { get; init; }

    /// <summary>Whether the optional header is PE32+ (64-bit).</summary>
    public required bool IsPe32Plus { get; init; }

    /// <summary>Machine type, <see cref="PeConstants"/>.</summary>
    public required ushort Machine { get; init; }

    /// <summary>EFI subsystem; 10 for kernels and stubs.</summary>
    public required ushort Subsystem { get; init; }

    /// <summary>DllCharacteristics; bit 0x100 is NX_COMPAT.</summary>
    public required ushort DllCharacteristics { get; init; }

    /// <summary>TimeDateStamp; 0 in reproducible kernels.</summary>
    public required uint TimeDateStamp { get; init; }

    /// <summary>Alignment of sections in memory, in bytes.</summary>
    public required uint SectionAlignment { get; init; }

    /// <summary>Alignment of sections in the file, in bytes.</summary>
    public required uint FileAlignment { get; init; }

    /// <summary>Size of all headers, in bytes; where the first section should begin.</summary>
    public required uint SizeOfHeaders { get; init; }

    /// <summary>Size of the loaded image, in bytes.</summary>
    public required uint SizeOfImage { get; init; }

    /// <summary>Sum of the initialised data sections, in bytes.</summary>
    public required uint SizeOfInitializedData { get; init; }

    /// <summary>File offset of the COFF symbol table, which binutils put behind the sections; 0 for none.</summary>
    public uint SymbolTable { get; init; }

    /// <summary>Number of symbols, 18 bytes each; a string table follows, its u32 length first.</summary>
    public uint SymbolCount { get; init; }

    /// <summary>RVA of the entry point.</summary>
    public required uint EntryPoint { get; init; }

    /// <summary>PE checksum; 0 where the linker wrote none.</summary>
    public required uint CheckSum { get; init; }

    /// <summary>The data directories, as many as NumberOfRvaAndSizes says.</summary>
    public required ImmutableArray<PeDirectory> Directories { get; init; }

    /// <summary>The section headers in table order.</summary>
    public required ImmutableArray<PeSection> Sections { get; init; }

    /// <summary>Length of the whole file, in bytes.</summary>
    public required long FileLength { get; init; }

    /// <summary>File offset of the optional header.</summary>
    public int OptionalHeaderOffset => HeaderOffset + 24;

    /// <summary>File offset of the u16 NumberOfSections.</summary>
    public int SectionCountOffset => HeaderOffset + 6;

    /// <summary>File offset of the u32 PointerToSymbolTable and the u32 NumberOfSymbols behind it.</summary>
    public int SymbolTableOffset => HeaderOffset + 12;

    /// <summary>File offset of the u16 Characteristics.</summary>
    public int CharacteristicsOffset => HeaderOffset + 22;

    /// <summary>File offset of the u32 SizeOfInitializedData.</summary>
    public int SizeOfInitializedDataOffset => OptionalHeaderOffset + 8;

    /// <summary>File offset of the u32 SizeOfImage.</summary>
    public int SizeOfImageOffset => OptionalHeaderOffset + 56;

    /// <summary>File offset of the u32 SizeOfHeaders.</summary>
    public int SizeOfHeadersOffset => OptionalHeaderOffset + 60;

    /// <summary>File offset of the u32 CheckSum, which no hash covers.</summary>
    public int CheckSumOffset => OptionalHeaderOffset + 64;

    /// <summary>File offset of the first data directory.</summary>
    public int DirectoriesOffset => OptionalHeaderOffset + (IsPe32Plus ? 112 : 96);

    /// <summary>File offset of the certificate directory entry (8 bytes), which no hash covers.</summary>
    public int CertificateDirectoryOffset => DirectoriesOffset + 8 * PeConstants.CertificateDirectoryIndex;

    /// <summary>File offset of the section table.</summary>
    public int SectionTableOffset => DirectoriesOffset + 8 * Directories.Length;

    /// <summary>File offset behind the last section header.</summary>
    public int SectionTableEnd => SectionTableOffset + PeConstants.SectionHeaderSize * Sections.Length;

    /// <summary>Whether the image has a directory entry where a certificate table can be put.</summary>
    public bool CanBeSigned => Directories.Length > PeConstants.CertificateDirectoryIndex;

    /// <summary>File offset and size of the certificate table; both 0 in an unsigned image.</summary>
    public PeDirectory CertificateTable => CanBeSigned ? Directories[PeConstants.CertificateDirectoryIndex] : PeDirectory.None;

    /// <summary>Whether there is a certificate table.</summary>
    public bool IsSigned => CertificateTable is not { Address: 0, Size: 0 };

    /// <summary>Length of the file without its certificate table, in bytes.</summary>
    public long BodyLength => IsSigned ? CertificateTable.Address : FileLength;

    /// <summary>File offset behind the last section that has file content; SizeOfHeaders when there is none.</summary>
    public long SectionsEnd
    {
        get
        {
            long end = SizeOfHeaders;
            foreach (PeSection section in Sections)
            {
                if (section.SizeOfRawData != 0)
                    end = Math.Max(end, section.RawEnd);
            }
            return end;
        }
    }

    /// <summary>The first section of that name, compared as the kernel does it, or null.</summary>
    public PeSection? FindSection(string name) => Sections.FirstOrDefault(s => s.Name == name);
}
