using System.Buffers.Binary;
using System.Text;
using KexecSign.Formats.Pe;

namespace KexecSign.Tests.Zboot;

/// <summary>An arm64 Image with the headers that arch/arm64/kernel/efi-header.S makes, and something compressible in it.</summary>
internal static class SmallKernel
{
    public const int ImageSize = 0x60000;
    public const int CodeSize = 0x30000;

    private const int Headers = 0x10000, Text = 0x20000, Data = 0x8200, DataMemory = 0x30000;

    public static byte[] Image(ushort machine = PeConstants.MachineArm64, uint magic = 0x644D5241, string codeSection = ".text")
    {
        byte[] image = new byte[Headers + Text + Data];
        var random = new Random(1);
        for (int at = Headers; at < image.Length; at++)
            image[at] = (byte)(random.Next(16) * 3);
        Header(image, machine, magic);
        Section(image, 0, codeSection, Text, Headers, Text, 0x60000020);
        Section(image, 1, ".data", DataMemory, Headers + Text, Data, 0xC0000040);
        return image;
    }

    /// <summary>The same with words that recur, as in code, so that a better encoder finds more.</summary>
    public static byte[] Wordy(ushort machine = PeConstants.MachineArm64, uint magic = 0x644D5241)
    {
        byte[] image = Image(machine, magic);
        var random = new Random(2);
        byte[][] words = [.. Enumerable.Range(0, 512).Select(_ => { byte[] word = new byte[random.Next(4, 24)]; random.NextBytes(word); return word; })];
        for (int at = Headers; at < image.Length;)
        {
            byte[] word = words[random.Next(words.Length)];
            int count = Math.Min(word.Length, image.Length - at);
            word.AsSpan(0, count).CopyTo(image.AsSpan(at));
            at += count;
        }
        return image;
    }

    private static void Header(byte[] image, ushort machine, uint magic)
    {
        Encoding.ASCII.GetBytes("MZ").CopyTo(image, 0);
        U32(image, 16, ImageSize);
        U32(image, 24, 0xA);
        U32(image, 56, magic);
        U32(image, 60, 0x40);
        Encoding.ASCII.GetBytes("PE").CopyTo(image, 0x40);
        U16(image, 0x44, machine);
        U16(image, 0x46, 2);
        U16(image, 0x54, 112 + 8 * 6);
        U16(image, 0x56, 0x206);
        U16(image, 0x58, 0x20B);
        U32(image, 0x58 + 16, Headers);
        U32(image, 0x58 + 20, Headers);
        U32(image, 0x58 + 32, 0x10000);
        U32(image, 0x58 + 36, 0x200);
        U32(image, 0x58 + 56, ImageSize);
        U32(image, 0x58 + 60, Headers);
        U16(image, 0x58 + 68, PeConstants.EfiApplication);
        U32(image, 0x58 + 108, 6);
    }

    private static void Section(byte[] image, int index, string name, uint memory, uint at, uint raw, uint flags)
    {
        int header = 0xF8 + 40 * index;
        Encoding.ASCII.GetBytes(name).CopyTo(image, header);
        U32(image, header + 8, memory);
        U32(image, header + 12, at);
        U32(image, header + 16, raw);
        U32(image, header + 20, at);
        U32(image, header + 36, flags);
    }

    private static void U16(byte[] image, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(at), value);

    private static void U32(byte[] image, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(at), value);
}
