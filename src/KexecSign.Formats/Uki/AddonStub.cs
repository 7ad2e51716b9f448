using System.Buffers.Binary;
using System.Collections.Immutable;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Formats.Uki;

/// <summary>
/// The image that an addon's sections are put into. An addon is loaded and never started; should someone start it, it returns
/// EFI_UNSUPPORTED at once. NX_COMPAT, because it has no code to speak of.
/// </summary>
public static class AddonStub
{
    private const int Headers = 0x400, FileAlignment = 0x200, Page = 0x1000;
    private const int PeOffset = 0x40, Optional = PeOffset + 24, DirectoryCount = 16, OptionalSize = 112 + 8 * DirectoryCount;

    // Fields of the COFF header, of the optional header of PE32+ and of a section header (PE/COFF specification).
    private const int Machine = PeOffset + 4, SectionCount = PeOffset + 6, SizeOfOptionalHeader = PeOffset + 20,
        Characteristics = PeOffset + 22;
    private const int SizeOfCode = Optional + 4, EntryPoint = Optional + 16, BaseOfCode = Optional + 20, SectionAlign = Optional + 32,
        FileAlign = Optional + 36;
    private const int SizeOfImage = Optional + 56, SizeOfHeaders = Optional + 60, Subsystem = Optional + 68,
        DllCharacteristics = Optional + 70;
    private const int NumberOfDirectories = Optional + 108, Section = Optional + OptionalSize;
    private const int VirtualSize = Section + 8, VirtualAddress = Section + 12, SizeOfRawData = Section + 16,
        PointerToRawData = Section + 20;
    private const int SectionCharacteristics = Section + 36;

    // Executable, line numbers, symbols and debugging information stripped, large addresses.
    private const ushort Stripped = 0x022E, Pe32Plus = 0x020B;

    // High entropy addresses, relocatable, NX compatible.
    private const ushort Relocatable = 0x0160;

    // Code, executable, readable.
    private const uint Code = 0x60000020;

    /// <summary>Architectures that it can be made for.</summary>
    public static ImmutableArray<ArchitectureFacts> Architectures { get; } =
        [.. ArchitectureFacts.All.Where(facts => !facts.ReturnUnsupported.IsEmpty)];

    /// <summary>Makes one.</summary>
    /// <exception cref="KexecSignException">KS1724.</exception>
    public static Layout For(ushort machine)
    {
        byte[] image = new byte[Headers + FileAlignment];
        ImmutableArray<byte> code = Architectures.FirstOrDefault(facts => facts.PeMachine == machine)?.ReturnUnsupported
            ?? throw FormatErrors.NoAddonMachine.With(PeConstants.MachineName(machine));
        code.CopyTo(image, Headers);
        "MZ"u8.CopyTo(image);
        U32(PeConstants.PeOffsetField, PeOffset);
        U32(PeOffset, 0x00004550);
        U16(Machine, machine);
        U16(SectionCount, 1);
        U16(SizeOfOptionalHeader, OptionalSize);
        U16(Characteristics, Stripped);
        U16(Optional, Pe32Plus);
        U32(SizeOfCode, FileAlignment);
        U32(EntryPoint, Page);
        U32(BaseOfCode, Page);
        U32(SectionAlign, Page);
        U32(FileAlign, FileAlignment);
        U32(SizeOfImage, 2 * Page);
        U32(SizeOfHeaders, Headers);
        U16(Subsystem, PeConstants.EfiApplication);
        U16(DllCharacteristics, Relocatable);
        U32(NumberOfDirectories, DirectoryCount);
        ".text"u8.CopyTo(image.AsSpan(Section));
        U32(VirtualSize, (uint)code.Length);
        U32(VirtualAddress, Page);
        U32(SizeOfRawData, FileAlignment);
        U32(PointerToRawData, Headers);
        U32(SectionCharacteristics, Code);
        return Layout.Of(image);

        void U16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(offset), value);
        void U32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(offset), value);
    }
}
