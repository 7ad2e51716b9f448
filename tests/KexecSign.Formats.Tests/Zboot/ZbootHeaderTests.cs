using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;

namespace KexecSign.Formats.Tests.Zboot;

public class ZbootHeaderTests
{
    [Theory]
    [InlineData("gzip", ZbootCompression.Gzip, 0x140C)]
    [InlineData("zstd", ZbootCompression.Zstd, 0x140C)]
    [InlineData("zstd22", ZbootCompression.Zstd, 0x140C)]
    public void Finds_payload_and_length(string name, ZbootCompression compression, long lengthAt)
    {
        byte[] payload = [.. new byte[12], 0x78, 0x56, 0x34, 0x12];
        (ZbootHeader header, Layout file) = Read(TestImage.Zboot(payload, name));
        header.ShouldBe(new ZbootHeader(0x1400, name == "gzip" ? 16u : 12u, name));
        header.Compression.ShouldBe(compression);
        header.UncompressedLengthOffset.ShouldBe(lengthAt);
        header.UncompressedLength(file).ShouldBe(0x12345678u);
    }

    [Theory]
    [InlineData("xzkern")]
    [InlineData("lz4")]
    [InlineData("gzipx")]
    [InlineData("")]
    public void Names_a_compression_that_is_not_supported(string name) =>
        Refusal.Of("KS1203", () => _ = Read(TestImage.Zboot(new byte[64], name)).Header.Compression, $"'{name}'");

    [Fact]
    public void Refuses_a_compression_name_without_end()
    {
        TestImage image = TestImage.Zboot(new byte[64], "gzip");
        image.Bytes.AsSpan(0x18, 0x20).Fill((byte)'g');
        Refusal.Of("KS1204", () => Read(image), "0x18", "0x38");
    }

    [Theory]
    [InlineData(0u, 64u)]
    [InlineData(0xFFFu, 64u)]
    [InlineData(0x1400u, 0u)]
    [InlineData(0x1400u, 7u)]
    [InlineData(0x1400u, 0xFFFFFFFFu)]
    [InlineData(0xFFFFFFFFu, 0xFFFFFFFFu)]
    [InlineData(0x1400u, 0x10000u)]
    public void Refuses_a_payload_outside_the_sections(uint offset, uint size) =>
        Refusal.Of("KS1202", () => Read(TestImage.Zboot(new byte[64], "gzip").U32(8, offset).U32(12, size)), $"0x{offset:x}", $"0x{size:x}");

    [Fact]
    public void Refuses_a_length_word_outside_the_sections()
    {
        TestImage image = TestImage.Zboot(new byte[64], "zstd");
        Refusal.Of("KS1202", () => Read(image.U32(12, (uint)(image.Bytes.Length - 0x1400 - 3))), "0x1400");
    }

    [Fact]
    public void Refuses_other_images() => Refusal.Of("KS1201", () => Read(TestImage.Arm64()));

    private static (ZbootHeader Header, Layout File) Read(TestImage image)
    {
        Layout file = Layout.Of(image.Bytes);
        return (ZbootHeader.Read(PeReader.Read(file), file), file);
    }
}
