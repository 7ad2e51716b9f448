using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Tests.Pe;

public class PeCanonicalTests
{
    private const int TextEnd = TestImage.SizeOfHeaders + TestImage.TextSize;
    private const int FileSize = TextEnd + TestImage.DataSize;

    [Fact]
    public void A_kernel_image_is_canonical() => Require(TestImage.Arm64());

    [Fact]
    public void Zeros_up_to_image_size_are_canonical() => Require(TestImage.Arm64().Append(new byte[0x5000]));

    [Fact]
    public void A_section_without_file_content_may_point_anywhere()
    {
        TestImage image = TestImage.Arm64().CutTo(TextEnd);
        Require(image.SectionField(1, 16, 0).SectionField(1, 20, 0xFFFFFFFF));
    }

    [Fact]
    public void Refuses_an_image_without_a_place_for_certificates() =>
        Refusal.Of("KS1006", () => Require(TestImage.Arm64(directories: 4)), "4 data directories");

    [Fact]
    public void Refuses_a_gap_after_the_headers() =>
        Refusal.Of("KS1011", () => Require(TestImage.Arm64().OptionalField(60, 0xE00)), "0xe00", ".text", "0x1000", "0x200");

    [Fact]
    public void Refuses_a_gap_between_sections() =>
        Refusal.Of("KS1012", () => Require(TestImage.Arm64().Insert(TextEnd, 0x200).SectionField(1, 20, TextEnd + 0x200)), ".data", "0x3200", "0x3000", "0x200");

    [Fact]
    public void Refuses_sections_out_of_file_order()
    {
        TestImage image = TestImage.Arm64();
        byte[] text = image.Bytes[image.SectionTable..(image.SectionTable + 40)], data = image.Bytes[(image.SectionTable + 40)..(image.SectionTable + 80)];
        data.CopyTo(image.Bytes, image.SectionTable);
        text.CopyTo(image.Bytes, image.SectionTable + 40);
        PeImage read = PeReader.Read(Layout.Of(image.Bytes));
        PeCanonical.Violations(read, Layout.Of(image.Bytes)).Select(v => v.Code.Id).ShouldContain("KS1013");
    }

    [Fact]
    public void Refuses_sections_that_overlap() =>
        Refusal.Of("KS1014", () => Require(TestImage.Arm64().SectionField(1, 20, TextEnd - 0x200)), ".data", "0x2e00", "0x3000", "0x200");

    [Fact]
    public void Refuses_a_section_inside_the_headers() =>
        Refusal.Of("KS1014", () => Require(TestImage.Arm64().SectionField(0, 20, 0x800)), ".text", "0x800", "0x1000");

    [Theory]
    [InlineData(0x3FD)]
    [InlineData(0x5FF)]
    public void Refuses_a_last_section_whose_size_is_not_aligned(int size) =>
        Refusal.Of("KS1015", () => Require(TestImage.Arm64().SectionField(1, 16, (uint)size).CutTo(TextEnd + size)), ".data", $"0x{size:x}", "0x200");

    [Theory]
    [InlineData(0x800u)]
    [InlineData(0xFFFFFE00u)]
    public void Refuses_a_raw_size_past_the_end(uint size) =>
        Refusal.Of("KS1016", () => Require(TestImage.Arm64().SectionField(1, 16, size)), ".data", $"0x{TextEnd + (long)size:x}", "0x3600");

    [Fact]
    public void Refuses_a_file_cut_inside_its_first_section() =>
        Refusal.Of("KS1016", () => Require(TestImage.Arm64().CutTo(0x1800)), ".text", "0x3000", "0x1800");

    [Fact]
    public void Refuses_wild_raw_pointers() =>
        Refusal.Of("KS1012", () => Require(TestImage.Arm64().SectionField(1, 20, 0xFFFFFE00)), "0xfffffe00", "0x3000");

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(100_000)]
    public void Refuses_trailing_bytes(int count)
    {
        byte[] tail = new byte[count];
        tail[^1] = 1;
        Refusal.Of("KS1017", () => Require(TestImage.Arm64().Append(tail)), "0x3600", $"0x{count:x}", $"0x{FileSize + count:x}");
    }

    [Fact]
    public void Refuses_an_image_that_is_all_trailing_bytes()
    {
        TestImage image = TestImage.Arm64();
        image.U16(image.Pe + 6, 0);
        Refusal.Of("KS1017", () => Require(image), "0x1000", "0x3600");
    }

    [Fact]
    public void Refuses_a_certificate_table_over_the_sections() =>
        Refusal.Of("KS1016", () => Require(TestImage.Arm64().Certificates(0x2000, 0x1600)), "0x3000", "0x2000");

    [Fact]
    public void Refuses_bytes_behind_the_certificate_table() =>
        Refusal.Of("KS1018", () => Require(TestImage.Arm64().Append(new byte[0x108]).Certificates(FileSize, 0x100)), "0x3600", "0x3700", "0x3708");

    [Fact]
    public void Refuses_a_certificate_table_off_a_multiple_of_8() =>
        Refusal.Of("KS1018", () => Require(TestImage.Arm64().Append(new byte[0x104]).Certificates(FileSize + 4, 0x100)), "0x3604", "0x3704");

    private static void Require(TestImage image)
    {
        Layout file = Layout.Of(image.Bytes);
        PeCanonical.Require(PeReader.Read(file), file);
    }

    [Fact]
    public void A_symbol_table_behind_the_last_section_is_part_of_the_image()
    {
        TestImage image = WithSymbols(strings: 9);
        Layout file = Layout.Of(image.Bytes);
        PeCanonical.Require(PeReader.Read(file), file);
        PeCanonical.ContentEnd(PeReader.Read(file), file).ShouldBe(image.Bytes.Length);
        Refusal.Of("KS1017", () => PeEditor.AddSection(file, ".bpf", Layout.Of(new byte[8]), 0), "0x2d");
    }

    [Theory]
    [InlineData(8u)]
    [InlineData(10u)]
    [InlineData(0xFFFFFFFFu)]
    [InlineData(0u)]
    public void Bytes_behind_a_symbol_table_or_one_that_lies_are_not(uint strings)
    {
        Layout file = Layout.Of(WithSymbols(strings).Bytes);
        Refusal.Of("KS1017", () => PeCanonical.Require(PeReader.Read(file), file));
    }

    private static TestImage WithSymbols(uint strings)
    {
        TestImage image = TestImage.Arm64();
        uint end = (uint)image.Bytes.Length;
        byte[] symbols = new byte[36 + 9];
        symbols.AsSpan().Fill(1);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(symbols.AsSpan(36), strings);
        return image.Append(symbols).U32(image.Pe + 12, end).U32(image.Pe + 16, 2);
    }
}
