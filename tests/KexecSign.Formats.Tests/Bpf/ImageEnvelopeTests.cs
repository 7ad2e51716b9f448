using System.Buffers.Binary;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Tests.Bpf;

public sealed class ImageEnvelopeTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void Has_the_layout_of_the_series_own_tool()
    {
        byte[] file = Envelope();

        file[..20].ShouldBe([0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 183, 0]);
        BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(40)).ShouldBe(64);
        file[60..64].ShouldBe([5, 0, 4, 0]);
        file[384..389].ShouldBe([1, 2, 3, 4, 5]);
        file[389..392].ShouldBe([9, 8, 7]);
        file[392..401].ShouldBe("root=/dev"u8.ToArray());
        file[402..].ShouldBe("\0.kernel\0.initrd\0.cmdline\0.shstrtab\0"u8.ToArray());
        int[] names = [.. Enumerable.Range(1, 4).Select(i => BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(64 + 64 * i)))];
        names.ShouldBe([1, 9, 17, 26]);
    }

    [SkippableFact]
    public void Readelf_has_nothing_to_complain_of()
    {
        string said = Tool.Run("bash", "-c", $"readelf -aW '{_folder.File("e", Envelope())}' 2>&1");
        said.ShouldNotContain("Warning");
        said.ShouldNotContain("Error");
        said.ShouldContain("AArch64");
    }

    [Theory]
    [InlineData((ushort)0xAA64, 183)]
    [InlineData((ushort)0x5064, 243)]
    [InlineData((ushort)0x6264, 258)]
    [InlineData((ushort)0x8664, 62)]
    public void Names_the_machine_of_the_image(ushort pe, int elf) => BinaryPrimitives.ReadUInt16LittleEndian(Envelope(pe).AsSpan(18)).ShouldBe((ushort)elf);

    [Fact]
    public void What_goes_in_comes_out()
    {
        ImageEnvelope read = ImageEnvelope.Read(ElfSectionTable.Read(Layout.Of(Envelope())));

        read.Kernel.ReadBytes(0, read.Kernel.Length).ShouldBe([1, 2, 3, 4, 5]);
        read.Initrd.ReadBytes(0, read.Initrd.Length).ShouldBe([9, 8, 7]);
        read.CommandLine.ReadBytes(0, read.CommandLine.Length).ShouldBe("root=/dev\0"u8.ToArray());
    }

    [Fact]
    public void Refuses_a_name_twice_or_never()
    {
        byte[] file = Envelope();
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(64 + 2 * 64), 1);
        Refusal.Of("KS1339", () => ImageEnvelope.Read(ElfSectionTable.Read(Layout.Of(file))), "2 sections named .kernel");
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(64 + 64), 9);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(64 + 2 * 64), 9);
        Refusal.Of("KS1339", () => ImageEnvelope.Read(ElfSectionTable.Read(Layout.Of(file))), "0 sections named .kernel");
    }

    [Fact]
    public void Refuses_a_section_behind_the_last_that_a_parser_looks_at()
    {
        byte[] file = Envelope(), headers = file[64..(64 + 5 * 64)];
        byte[] names = headers[(4 * 64)..];
        // The names five times over, and .kernel behind them, as number 8.
        byte[] moved = [.. file, .. headers[..64], .. headers[(2 * 64)..(4 * 64)], .. names, .. names, .. names, .. names, .. names, .. headers[64..(2 * 64)]];
        BinaryPrimitives.WriteInt64LittleEndian(moved.AsSpan(40), file.Length);
        (moved[60], moved[62]) = (9, 3);
        Refusal.Of("KS1340", () => ImageEnvelope.Read(ElfSectionTable.Read(Layout.Of(moved))), "section .kernel is number 8", "7");
    }

    [Fact]
    public void Refuses_what_the_kernel_does_not_read()
    {
        Layout large = Layout.Empty.AppendZeros(ImageEnvelope.LargestFile);
        Refusal.Of("KS1338", () => new ImageEnvelope(Layout.Of(new byte[1]), large, ImageEnvelope.Section("")).Write(0xAA64), "0x100000000");
    }

    [Fact]
    public void A_section_outside_the_file_is_refused()
    {
        byte[] file = Envelope();
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(64 + 64 + 24), -1);
        Refusal.Of("KS1302", () => ElfSectionTable.Read(Layout.Of(file)), ".kernel", "0xffffffffffffffff");
    }

    [Fact]
    public void A_file_without_a_section_table_is_refused()
    {
        byte[] file = Envelope();
        file.AsSpan(40, 8).Clear();
        Refusal.Of("KS1335", () => ElfSectionTable.Read(Layout.Of(file)));
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Envelope(ushort machine = 0xAA64)
    {
        Layout file = new ImageEnvelope(Layout.Of(new byte[] { 1, 2, 3, 4, 5 }), Layout.Of(new byte[] { 9, 8, 7 }), ImageEnvelope.Section("root=/dev")).Write(machine);
        return file.ReadBytes(0, file.Length);
    }
}
