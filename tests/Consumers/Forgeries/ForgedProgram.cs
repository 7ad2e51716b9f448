using KexecSign.Fixtures;
using KexecSign.Formats.Pe;

namespace KexecSign.Consumers.Tests.Forgeries;

/// <summary>An EFI program of a few instructions that gives up at once (EFI_NOT_FOUND), so that a boot manager goes on to the next.</summary>
internal static class ForgedProgram
{
    // mov x0, #14; movk x0, #0x8000, lsl #48; ret.
    private static readonly byte[] Arm64 = [0xC0, 0x01, 0x80, 0xD2, 0x00, 0x00, 0xF0, 0xF2, 0xC0, 0x03, 0x5F, 0xD6];

    // movabs $0x800000000000000e, %rax; ret.
    private static readonly byte[] Amd64 = [0x48, 0xB8, 0x0E, 0, 0, 0, 0, 0, 0, 0x80, 0xC3];

    /// <summary>The program; its number gives it a digest of its own.</summary>
    public static TestImage Of(ushort machine, int number)
    {
        TestImage image = TestImage.Arm64();
        (machine == PeConstants.MachineArm64 ? Arm64 : Amd64).CopyTo(image.Bytes.AsSpan(TestImage.SizeOfHeaders));
        return image.U16(image.Pe + 4, machine).U32(TestImage.SizeOfHeaders + 0x800, (uint)number);
    }
}
