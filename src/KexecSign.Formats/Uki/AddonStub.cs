using System.Buffers.Binary;
using System.Collections.Immutable;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Uki;

/// <summary>
/// The image that an addon's sections are put into. An addon is loaded and never started; should someone start it, it returns
/// EFI_UNSUPPORTED at once. NX_COMPAT, because it has no code to speak of.
/// </summary>
public static class AddonStub
{
    private const int Headers = 0x400, FileAlignment = 0x200, Page = 0x1000;
    private const int PeOffset = 0x40, Optional = PeOffset + 24, DirectoryCount = 16, OptionalSize = 112 + 8 * DirectoryCount;

    /// <summary>Machines it can be made for.</summary>
    public static ImmutableArray<ushort> Machines { get; } = [PeConstants.MachineAmd64, PeConstants.MachineArm64, PeConstants.MachineRiscV64];

    /// <summary>Makes one.</summary>
    /// <exception cref="KexecSignException">KS1724.</exception>
    public static Layout For(ushort machine)
    {
        byte[] image = new byte[Headers + FileAlignment];
        byte[] code = Code(machine);
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

    // return 0x8000000000000003, EFI_UNSUPPORTED
    private static byte[] Code(ushort machine) => machine switch
    {
        // mov rax, imm64; ret
        PeConstants.MachineAmd64 => [0x48, 0xB8, 3, 0, 0, 0, 0, 0, 0, 0x80, 0xC3],
        // mov x0, #3; movk x0, #0x8000, lsl #48; ret
        PeConstants.MachineArm64 => [0x60, 0x00, 0x80, 0xD2, 0x00, 0x00, 0xF0, 0xF2, 0xC0, 0x03, 0x5F, 0xD6],
        // li a0, 1; slli a0, a0, 63; addi a0, a0, 3; ret
        PeConstants.MachineRiscV64 => [0x13, 0x05, 0x10, 0x00, 0x13, 0x15, 0xF5, 0x03, 0x13, 0x05, 0x35, 0x00, 0x67, 0x80, 0x00, 0x00],
        _ => throw FormatErrors.NoAddonMachine.With(PeConstants.MachineName(machine)),
    };
}
