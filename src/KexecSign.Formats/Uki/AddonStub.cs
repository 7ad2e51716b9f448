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

    /// <summary>Architectures that it can be made for.</summary>
    public static ImmutableArray<ArchitectureFacts> Architectures { get; } = [.. ArchitectureFacts.All.Where(facts => !facts.ReturnUnsupported.IsEmpty)];

    /// <summary>Makes one.</summary>
    /// <exception cref="KexecSignException">KS1724.</exception>
    public static Layout For(ushort machine)
    {
        byte[] image = new byte[Headers + FileAlignment];
        ImmutableArray<byte> code = Architectures.FirstOrDefault(facts => facts.PeMachine == machine)?.ReturnUnsupported
            ?? throw FormatErrors.NoAddonMachine.With(PeConstants.MachineName(machine));
        code.CopyTo(image, Headers);
        "MZ"u8.CopyTo(image);
        U32(0x3C, PeOffset);
        U32(PeOffset, 0x00004550);
        U16(PeOffset + 4, machine);
        U16(PeOffset + 6, 1);
        U16(PeOffset + 20, OptionalSize);
        // Executable, line numbers, symbols and debugging information stripped, large addresses.
        U16(PeOffset + 22, 0x022E);
        U16(Optional, 0x020B);
        U32(Optional + 4, FileAlignment);
        U32(Optional + 16, Page);
        U32(Optional + 20, Page);
        U32(Optional + 32, Page);
        U32(Optional + 36, FileAlignment);
        U32(Optional + 56, 2 * Page);
        U32(Optional + 60, Headers);
        U16(Optional + 68, PeConstants.EfiApplication);
        U16(Optional + 70, 0x0160);
        U32(Optional + 108, DirectoryCount);
        const int table = Optional + OptionalSize;
        ".text"u8.CopyTo(image.AsSpan(table));
        U32(table + 8, (uint)code.Length);
        U32(table + 12, Page);
        U32(table + 16, FileAlignment);
        U32(table + 20, Headers);
        U32(table + 36, 0x60000020);
        return Layout.Of(image);

        void U16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(offset), value);
        void U32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(offset), value);
    }
}
