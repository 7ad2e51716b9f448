using KexecSign.Formats.Errors;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Tests.Pe;

public class PeReaderTests
{
    [Fact]
    public void Reads_every_field_of_a_kernel_image()
    {
        TestImage built = TestImage.Arm64();
        PeImage image = PeReader.Read(Layout.Of(built.Bytes));
        image.Machine.ShouldBe(PeConstants.MachineArm64);
        image.IsPe32Plus.ShouldBeTrue();
        image.SizeOfHeaders.ShouldBe(0x1000u);
        image.SizeOfImage.ShouldBe(0x20000u);
        image.SectionAlignment.ShouldBe(0x1000u);
        image.FileAlignment.ShouldBe(0x200u);
        image.EntryPoint.ShouldBe(0x1000u);
        image.Subsystem.ShouldBe((ushort)10);
        image.CertificateDirectoryOffset.ShouldBe(0xE8);
        image.CheckSumOffset.ShouldBe(0x98);
        image.SectionTableOffset.ShouldBe(0xF8);
        image.SectionsEnd.ShouldBe(built.Bytes.Length);
        image.IsSigned.ShouldBeFalse();
        image.Sections.Select(s => s.Name).ShouldBe([".text", ".data"]);
        image.Sections[1].VirtualSize.ShouldBe(0x1D000u);
    }

    [Fact]
    public void Reads_PE32_at_its_own_offsets()
    {
        TestImage built = TestImage.Arm64(directories: 5);
        int pe = built.Pe, optional = built.Optional;
        byte[] table = built.Bytes[built.SectionTable..(built.SectionTable + 80)];
        built.U16(optional, 0x010B).U16(pe + 20, 96 + 40);
        built.OptionalField(92, 5);
        built.Bytes.AsSpan(optional + 96, 40).Clear();
        table.CopyTo(built.Bytes, optional + 96 + 40);
        PeImage image = PeReader.Read(Layout.Of(built.Bytes));
        image.IsPe32Plus.ShouldBeFalse();
        image.CertificateDirectoryOffset.ShouldBe(optional + 128);
        image.Sections.Select(s => s.Name).ShouldBe([".text", ".data"]);
    }

    // e_lfanew
    [Fact]
    public void A_short_text_is_no_PE_image_and_none_that_was_cut_short() =>
        Should.Throw<KexecSignException>(() => PeReader.Read(Layout.Of("hello\n"u8.ToArray()))).Message.ShouldStartWith("KS1002: at 0x0 the bytes are 6865 but a PE image has 'MZ'");

    [Theory]
    [InlineData(0x3600u, "KS1001")]
    [InlineData(0xFFFFFFFFu, "KS1001")]
    [InlineData(0xFFFFFFE8u, "KS1001")]
    [InlineData(0u, "KS1002")]
    [InlineData(0x44u, "KS1002")]
    [InlineData(0x100u, "KS1002")]
    public void Refuses_a_PE_offset_that_points_elsewhere(uint offset, string code) =>
        Refusal.Of(code, () => Read(TestImage.Arm64().U32(0x3C, offset)), $"0x{offset:x}");

    [Theory]
    [InlineData(111, 6)]
    [InlineData(112, 6)]
    [InlineData(168, 6)]
    [InlineData(65535, 6)]
    [InlineData(160, 16)]
    [InlineData(160, 0xFFFFFFFF)]
    public void Refuses_an_optional_header_of_another_size_than_its_directories_need(int size, uint directories)
    {
        TestImage image = TestImage.Arm64();
        image.U16(image.Pe + 20, (ushort)size).OptionalField(108, directories);
        Refusal.Of("KS1004", () => Read(image), $"0x{size:x}", $"{directories}", $"0x{112 + 8L * directories:x}");
    }

    [Fact]
    public void Refuses_an_unknown_optional_header() =>
        Refusal.Of("KS1003", () => Read(TestImage.Arm64().U16(0x58, 0x0107)), "0x58", "0x107");

    // SizeOfHeaders
    [Theory]
    [InlineData(0u)]
    [InlineData(0x147u)]
    [InlineData(0x3601u)]
    [InlineData(0xFFFFFFFFu)]
    public void Refuses_header_sizes_that_cannot_be(uint size) =>
        Refusal.Of("KS1005", () => Read(TestImage.Arm64().OptionalField(60, size)), $"0x{size:x}", "0x148", "0x3600");

    [Fact]
    public void Refuses_more_sections_than_the_headers_hold()
    {
        TestImage image = TestImage.Arm64();
        image.U16(image.Pe + 6, 0xFFFF);
        Refusal.Of("KS1005", () => Read(image), "0x1000", $"0x{0xF8 + 0xFFFF * 40:x}");
    }

    [Theory]
    [InlineData(0u, 0x1000u)]
    [InlineData(0x300u, 0x1000u)]
    [InlineData(0x200u, 0u)]
    [InlineData(0x200u, 0x1001u)]
    [InlineData(0x2000u, 0x1000u)]
    public void Refuses_alignments_that_are_no_powers_of_two(uint file, uint section) =>
        Refusal.Of("KS1007", () => Read(TestImage.Arm64().OptionalField(36, file).OptionalField(32, section)), $"0x{file:x}", $"0x{section:x}");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(0x58)]
    [InlineData(200)]
    [InlineData(0x147)]
    public void Refuses_a_file_cut_inside_its_headers(int length)
    {
        byte[] cut = TestImage.Arm64().Bytes[..length];
        var refused = Should.Throw<Formats.Errors.KexecSignException>(() => PeReader.Read(Layout.Of(cut)));
        refused.Code.Id.ShouldBeOneOf("KS1001", "KS1005");
        refused.Message.ShouldContain($"0x{length:x}");
    }

    [Theory]
    [InlineData(0x40)]
    [InlineData(0xFF0)]
    [InlineData(0x8000)]
    public void Reads_a_header_that_lies_far_behind_and_has_many_directories(int shift)
    {
        const int directories = 1000;
        byte[] plain = TestImage.Arm64().Bytes;
        byte[] far = new byte[0x20000];
        plain.AsSpan(0, 0x40).CopyTo(far);
        plain.AsSpan(0x40, 24 + 112).CopyTo(far.AsSpan(shift));
        var at = BitConverter.GetBytes(shift);
        at.CopyTo(far, 0x3C);
        BitConverter.GetBytes((ushort)(112 + 8 * directories)).CopyTo(far, shift + 20);
        BitConverter.GetBytes((ushort)1).CopyTo(far, shift + 6);
        BitConverter.GetBytes(directories).CopyTo(far, shift + 24 + 108);
        BitConverter.GetBytes(0x20000).CopyTo(far, shift + 24 + 60);
        PeImage image = PeReader.Read(Layout.Of(far));
        image.Directories.Length.ShouldBe(directories);
        image.SectionTableEnd.ShouldBe(shift + 24 + 112 + 8 * directories + 40);
    }

    // Certificate directory
    [Theory]
    [InlineData(0x40u, 0x100u)]
    [InlineData(0xFF8u, 0x100u)]
    [InlineData(0x3600u, 8u)]
    [InlineData(0x3000u, 0u)]
    [InlineData(0u, 8u)]
    [InlineData(0xFFFFFFF8u, 8u)]
    [InlineData(0x1000u, 0xFFFFFFFFu)]
    public void Refuses_a_certificate_table_in_the_headers_or_outside_the_file(uint offset, uint size) =>
        Refusal.Of("KS1018", () => Read(TestImage.Arm64().Certificates(offset, size)), $"0x{offset:x}", $"0x{(long)offset + size:x}", "0x3600");

    private static PeImage Read(TestImage image) => PeReader.Read(Layout.Of(image.Bytes));
}
