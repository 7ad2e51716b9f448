using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Sbat;

namespace KexecSign.Formats.Tests.Sbat;

/// <summary>Sections at which shim refuses the image: verify_buffer_sbat() and handle_sbat() of shim 16.1.</summary>
public sealed class SbatSectionTests
{
    private const int RawSize = 16, RawPointer = 20, Relocations = 24, RelocationCount = 32, Megabytes = 1 << 20;

    [Fact]
    public void Two_sections_of_that_name_are_refused() => Refuses("KS1520", Named(Named(Empty(), 0), 1));

    [Fact]
    public void Relocations_are_refused()
    {
        Refuses("KS1521", Named(Empty(), 0).SectionField(0, Relocations, 0x1234), "0x1234");
        TestImage counted = Named(Empty(), 0);
        Refuses("KS1521", counted.U16(counted.SectionTable + RelocationCount, 7), "7");
    }

    [Fact]
    public void Bytes_that_are_not_in_the_file_are_refused() => Refuses("KS1522", Named(Empty(), 0).SectionField(0, RawPointer, 0x10000000), "0x10000000");

    [Fact]
    public void More_than_tables_have_is_refused() =>
        Refuses("KS1523", Named(Empty(), 0).Append(new byte[5 * Megabytes]).SectionField(0, RawSize, 5 * Megabytes), $"0x{5 * Megabytes:x}");

    // Its .text holds nothing, so that the first table is sound.
    private static TestImage Empty()
    {
        TestImage image = TestImage.Arm64();
        image.Bytes.AsSpan(TestImage.SizeOfHeaders, TestImage.TextSize).Clear();
        return image;
    }

    private static TestImage Named(TestImage image, int section)
    {
        Encoding.ASCII.GetBytes(".sbat\0\0\0").CopyTo(image.Bytes, image.SectionTable + 40 * section);
        return image;
    }

    private static void Refuses(string code, TestImage image, params string[] told)
    {
        var file = Layout.Of(image.Bytes);
        Refusal.Of(code, () => SbatSection.Read(PeReader.Read(file), file), told);
    }
}
