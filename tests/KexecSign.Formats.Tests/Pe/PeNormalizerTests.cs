using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Tests.Pe;

public class PeNormalizerTests
{
    [Fact]
    public void Leaves_a_canonical_image_alone()
    {
        Layout file = Layout.Of(TestImage.Arm64().Bytes);
        PeNormalizer.Normalize(file, dropSignatures: false).Changes.ShouldBeEmpty();
    }

    [Fact]
    public void Gives_zeros_between_sections_to_the_one_before_them()
    {
        TestImage image = TestImage.Arm64().Insert(TestImage.SizeOfHeaders + TestImage.TextSize, 0x400);
        image.SectionField(1, 20, TestImage.SizeOfHeaders + TestImage.TextSize + 0x400).SectionField(1, 12, 0x4000).OptionalField(56, 0x21000);
        NormalizedImage normalized = Normalize(image, "0x2000 to 0x2400");
        PeReader.Read(normalized.File).Sections[0].ShouldBe(PeReader.Read(Layout.Of(image.Bytes)).Sections[0] with { SizeOfRawData = 0x2400, VirtualSize = 0x2400 });
    }

    [Fact]
    public void Refuses_to_sign_away_bytes_that_are_not_zero()
    {
        TestImage image = TestImage.Arm64().Insert(TestImage.SizeOfHeaders + TestImage.TextSize, 0x400);
        image.SectionField(1, 20, TestImage.SizeOfHeaders + TestImage.TextSize + 0x400).SectionField(1, 12, 0x4000);
        image.Bytes[TestImage.SizeOfHeaders + TestImage.TextSize + 5] = 1;
        Refusal.Of("KS1029", () => Normalize(image), "0x3005", "0x1");
    }

    [Fact]
    public void Refuses_a_section_that_would_grow_into_the_next()
    {
        TestImage image = TestImage.Arm64().Insert(TestImage.SizeOfHeaders + TestImage.TextSize, 0x400);
        image.SectionField(1, 20, TestImage.SizeOfHeaders + TestImage.TextSize + 0x400);
        Refusal.Of("KS1029", () => Normalize(image), "0x3400", "0x3000");
    }

    [Fact]
    public void Raises_SizeOfHeaders_to_the_first_section() => Normalize(TestImage.Arm64().OptionalField(60, 0x800), "0x800 to 0x1000");

    [Fact]
    public void Pads_the_last_section_of_zboot_image_builder()
    {
        TestImage image = TestImage.Arm64().SectionField(1, 16, TestImage.DataSize - 3);
        NormalizedImage normalized = Normalize(image.CutTo(image.Bytes.Length - 3), "padded the file", "0x5fd to 0x600");
        normalized.File.ReadBytes(0, normalized.File.Length)[^3..].ShouldBe([0, 0, 0]);
    }

    [Fact]
    public void Pads_a_file_that_lacks_the_end_of_its_last_sections_padding()
    {
        TestImage image = TestImage.Arm64();
        Normalize(image.CutTo(image.Bytes.Length - 0x80), "padded the file");
        Refusal.Of("KS1016", () => Normalize(TestImage.Arm64().CutTo(image.Bytes.Length - 0x200)), "0x3600");
    }

    [Fact]
    public void Sorts_the_section_table_where_addresses_then_ascend()
    {
        TestImage image = TestImage.Arm64();
        byte[] first = image.Bytes[image.SectionTable..(image.SectionTable + 40)], second = image.Bytes[(image.SectionTable + 40)..(image.SectionTable + 80)];
        second.CopyTo(image.Bytes, image.SectionTable);
        first.CopyTo(image.Bytes, image.SectionTable + 40);
        PeReader.Read(Normalize(image, "sorted").File).Sections.Select(s => s.Name).ShouldBe([".text", ".data"]);
        Refusal.Of("KS1029", () => Normalize(TestImage.Arm64().SectionField(0, 20, 0x3000).SectionField(0, 16, 0x600).SectionField(1, 20, 0x1000).SectionField(1, 16, 0x2000)));
    }

    [Fact]
    public void Refuses_overlaps_and_bytes_behind_the_last_section()
    {
        Refusal.Of("KS1014", () => Normalize(TestImage.Arm64().SectionField(1, 20, 0x2E00)));
        Refusal.Of("KS1017", () => Normalize(TestImage.Arm64().Append([1, 2, 3])));
    }

    [Fact]
    public void A_signed_image_is_normalized_only_without_its_signatures()
    {
        TestImage image = TestImage.Arm64().OptionalField(60, 0x800).Certificates(0x3600, 0x10).Append(new byte[0x18]);
        Refusal.Of("KS1023", () => Normalize(image), "0x10", "0x3600");
        NormalizedImage normalized = PeNormalizer.Normalize(Layout.Of(image.Bytes), dropSignatures: true);
        PeReader.Read(normalized.File).IsSigned.ShouldBeFalse();
        normalized.File.Length.ShouldBe(0x3600);
        normalized.Changes[0].ShouldContain("dropped the certificate table");
    }

    private static NormalizedImage Normalize(TestImage image, params string[] told)
    {
        NormalizedImage normalized = PeNormalizer.Normalize(Layout.Of(image.Bytes), dropSignatures: false);
        PeCanonical.Require(PeReader.Read(normalized.File), normalized.File);
        foreach (string part in told)
            string.Join('\n', normalized.Changes).ShouldContain(part);
        return normalized;
    }
}
