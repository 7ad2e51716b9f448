using KexecSign.Compression;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;

namespace KexecSign.Tests.Compression;

/// <summary>Payloads judged by gzip and zstd.</summary>
public sealed class CompressionTests : IDisposable
{
    private readonly Bench _bench = new();

    // 256 KiB is the size of the pieces in which payloads are unpacked; padded kernels are multiples of it.
    [SkippableTheory]
    [InlineData(1)]
    [InlineData((1 << 18) - 1)]
    [InlineData(1 << 18)]
    [InlineData(3 << 18)]
    [InlineData((1 << 20) + 77)]
    public void The_tools_unpack_what_we_pack_and_the_other_way_round(int length)
    {
        byte[] content = Content(length);
        foreach (ZbootCompression compression in Enum.GetValues<ZbootCompression>())
        {
            (string tool, string suffix) = compression == ZbootCompression.Gzip ? ("gzip", ".gz") : ("zstd", ".zst");
            using (TemporaryFile packed = Compressor.Compress(Layout.Of(content), compression, new(6), _bench.Context))
            {
                Layout layout = Layout.Of(packed);
                string file = _bench.Folder.File("ours" + suffix, layout.ReadBytes(0, layout.Length));
                Tool.Run(tool, "-q", "-d", "-f", file);
                File.ReadAllBytes(_bench.Folder.At("ours")).ShouldBe(content, tool);
                Unpack(layout, compression, (uint)length).ShouldBe(content, tool);
            }
            string theirs = _bench.Folder.File("theirs", content);
            Tool.Run(tool, "-q", "-f", "-9", theirs);
            Unpack(Layout.Of(File.ReadAllBytes(theirs + suffix)), compression, (uint)length).ShouldBe(content, tool);
        }
    }

    [Fact]
    public void Gzip_has_the_ten_byte_header_that_the_stub_skips_and_the_same_bytes_each_time()
    {
        byte[] content = Content(5000);
        byte[] first = Pack(content, ZbootCompression.Gzip, 9);
        first[..4].ShouldBe([0x1F, 0x8B, 8, 0]);
        first[4..8].ShouldBe(new byte[4]);
        BitConverter.ToInt32(first, first.Length - 4).ShouldBe(5000);
        Pack(content, ZbootCompression.Gzip, 9).ShouldBe(first);
        Pack(content, ZbootCompression.Zstd, 19).ShouldBe(Pack(content, ZbootCompression.Zstd, 19));
    }

    [Theory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void More_than_was_announced_is_refused_before_it_is_kept(ZbootCompression compression)
    {
        // A bomb: 64 MiB of zeros out of a few KiB, announced as 100 bytes.
        byte[] bomb;
        using (TemporaryFile packed = Compressor.Compress(Layout.Empty.AppendZeros(64 << 20), compression, new(6), _bench.Context))
            bomb = Layout.Of(packed).ReadBytes(0, packed.Length);
        Refusal.Of("KS1205", () => Unpack(Layout.Of(bomb), compression, 100), "0x64");
    }

    [Theory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void Less_than_was_announced_is_refused(ZbootCompression compression) =>
        Refusal.Of("KS1205", () => Unpack(Layout.Of(Pack(Content(1000), compression, 6)), compression, 1001), "0x3e8", "0x3e9");

    [Theory]
    [InlineData(ZbootCompression.Gzip, 0)]
    [InlineData(ZbootCompression.Gzip, 500)]
    [InlineData(ZbootCompression.Zstd, 0)]
    [InlineData(ZbootCompression.Zstd, 500)]
    public void Damage_is_refused(ZbootCompression compression, int at)
    {
        byte[] packed = Pack(Content(100_000), compression, 6);
        packed[at] ^= 0xFF;
        var refused = Should.Throw<KexecSign.Formats.Errors.KexecSignException>(() => Unpack(Layout.Of(packed), compression, 100_000));
        refused.Code.Id.ShouldBeOneOf("KS1205", "KS1206");
        refused.Message.ShouldNotContain("archive", Case.Insensitive);
    }

    [Theory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void A_cut_payload_is_refused(ZbootCompression compression)
    {
        byte[] packed = Pack(Content(100_000), compression, 6);
        foreach (int length in (int[])[0, 1, 9, packed.Length / 2, packed.Length - 1])
        {
            if (compression == ZbootCompression.Gzip && length == packed.Length - 1)
                continue; // .NET's gzip reader lets a missing byte of the trailer pass; ISIZE is checked by the header's reader.
            var refused = Should.Throw<KexecSign.Formats.Errors.KexecSignException>(() => Unpack(Layout.Of(packed.AsMemory(0, length)), compression, 100_000), $"{length} bytes");
            refused.Code.Id.ShouldBeOneOf("KS1205", "KS1206");
        }
    }

    [Fact]
    public void More_than_the_kernel_would_take_is_refused_at_once() =>
        Refusal.Of("KS1207", () => Unpack(Layout.Of(new byte[16]), ZbootCompression.Gzip, (1u << 29) + 1), "0x20000001", "0x20000000");

    public void Dispose() => _bench.Dispose();

    private byte[] Pack(byte[] content, ZbootCompression compression, int level)
    {
        using TemporaryFile packed = Compressor.Compress(Layout.Of(content), compression, new(level), _bench.Context);
        return Layout.Of(packed).ReadBytes(0, packed.Length);
    }

    private byte[] Unpack(Layout payload, ZbootCompression compression, uint expected)
    {
        var header = new ZbootHeader(0x1000, (uint)payload.Length, compression.ToString().ToLowerInvariant());
        using TemporaryFile unpacked = TemporaryFile.Create();
        Decompressor.Unpack(payload, header, expected, unpacked.Write, _bench.Context);
        return Layout.Of(unpacked).ReadBytes(0, unpacked.Length);
    }

    // Half noise, half pattern: packed it is shorter, but not by much.
    private static byte[] Content(int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content.AsSpan(0, length / 2));
        for (int i = length / 2; i < length; i++)
            content[i] = (byte)(i % 13);
        return content;
    }
}
