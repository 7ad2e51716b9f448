using System.Collections.Immutable;
using System.Text;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;

namespace KexecSign.Inspection.Differences;

/// <summary>A field of an image's headers.</summary>
/// <param name="Name">Its name in the format's own terms.</param>
/// <param name="Offset">File offset.</param>
/// <param name="Size">Length in bytes.</param>
/// <param name="IsText">Whether it holds a name and no number.</param>
internal sealed record HeaderField(string Name, int Offset, int Size, bool IsText = false)
{
    // Microsoft PE and COFF specification, section 3; offsets from the COFF header's Machine.
    private static readonly HeaderField[] Coff =
    [
        new("Machine", 0, 2), new("NumberOfSections", 2, 2), new("TimeDateStamp", 4, 4), new("PointerToSymbolTable", 8, 4),
        new("NumberOfSymbols", 12, 4), new("SizeOfOptionalHeader", 16, 2), new("Characteristics", 18, 2),
    ];

    // The optional header, from its magic on; the same in both forms.
    private static readonly HeaderField[] Optional =
    [
        new("Magic", 0, 2), new("MajorLinkerVersion", 2, 1), new("MinorLinkerVersion", 3, 1), new("SizeOfCode", 4, 4),
        new("SizeOfInitializedData", 8, 4),
        new("SizeOfUninitializedData", 12, 4), new("AddressOfEntryPoint", 16, 4), new("BaseOfCode", 20, 4), new("SectionAlignment", 32, 4),
        new("FileAlignment", 36, 4), new("MajorOperatingSystemVersion", 40, 2), new("MinorOperatingSystemVersion", 42, 2),
        new("MajorImageVersion", 44, 2),
        new("MinorImageVersion", 46, 2), new("MajorSubsystemVersion", 48, 2), new("MinorSubsystemVersion", 50, 2),
        new("Win32VersionValue", 52, 4),
        new("SizeOfImage", 56, 4), new("SizeOfHeaders", 60, 4), new("CheckSum", 64, 4), new("Subsystem", 68, 2),
        new("DllCharacteristics", 70, 2),
    ];

    private static readonly HeaderField[] Plus =
    [
        new("ImageBase", 24, 8), new("SizeOfStackReserve", 72, 8), new("SizeOfStackCommit", 80, 8), new("SizeOfHeapReserve", 88, 8),
        new("SizeOfHeapCommit", 96, 8), new("LoaderFlags", 104, 4), new("NumberOfRvaAndSizes", 108, 4),
    ];

    private static readonly HeaderField[] Narrow =
    [
        new("BaseOfData", 24, 4), new("ImageBase", 28, 4), new("SizeOfStackReserve", 72, 4), new("SizeOfStackCommit", 76, 4),
        new("SizeOfHeapReserve", 80, 4),
        new("SizeOfHeapCommit", 84, 4), new("LoaderFlags", 88, 4), new("NumberOfRvaAndSizes", 92, 4),
    ];

    private static readonly string[] Directories =
    [
        "Export", "Import", "Resource", "Exception", "Certificate", "BaseRelocation", "Debug", "Architecture", "GlobalPtr", "TLS",
        "LoadConfig",
        "BoundImport", "IAT", "DelayImport", "CLR", "Reserved",
    ];

    // zboot-header.S; the kernel's own header is in asm/image.h.
    private static readonly HeaderField[] Zboot =
        [new("zboot payload offset", 8, 4), new("zboot payload size", 12, 4), new("zboot compression", 0x18, 0x20, IsText: true)];

    private static readonly HeaderField[] Kernel =
        [new("text_offset", 8, 8), new("image_size", KernelImage.ImageSizeOffset, 8), new("kernel flags", 24, 8)];

    /// <summary>The named fields of an image, by file offset; of data directories all but that of certificates.</summary>
    public static ImmutableArray<HeaderField> Of(PeImage image, ReadOnlySpan<byte> head)
    {
        HeaderField[] own = ZbootHeader.IsZboot(head) ? Zboot : KernelImage.TryParse(head) is not null ? Kernel : [];
        IEnumerable<HeaderField> directories = image.Directories.Select((_, i) =>
            new HeaderField($"{(i < Directories.Length ? Directories[i] : $"{i}")} directory", image.DirectoriesOffset + 8 * i, 8));
        return
        [
            .. own,
            new("e_lfanew", PeConstants.PeOffsetField, 4),
            .. Coff.Select(f => f with { Offset = image.HeaderOffset + 4 + f.Offset }),
            .. Optional.Concat(image.IsPe32Plus ? Plus : Narrow).Select(f => f with { Offset = image.OptionalHeaderOffset + f.Offset })
                .OrderBy(f => f.Offset),
            .. directories.Where((_, i) => i != PeConstants.CertificateDirectoryIndex),
        ];
    }

    /// <summary>The value as people read it.</summary>
    public string Value(Layout file)
    {
        byte[] bytes = file.ReadBytes(Offset, Size);
        if (IsText)
            return Encoding.Latin1.GetString(bytes).TrimEnd('\0') is { Length: > 0 } text ? text : "none";
        if (Name.EndsWith(" directory", StringComparison.Ordinal))
            return $"0x{BitConverter.ToUInt32(bytes, 0):x}, 0x{BitConverter.ToUInt32(bytes, 4):x} bytes";
        ulong number = 0;
        for (int i = Size - 1; i >= 0; i--)
            number = (number << 8) | bytes[i];
        return $"0x{number:x}";
    }
}
