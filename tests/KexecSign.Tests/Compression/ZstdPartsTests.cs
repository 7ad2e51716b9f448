using KexecSign.Compression;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;

namespace KexecSign.Tests.Compression;

/// <summary>One zstd frame made in parts, judged by the zstd program.</summary>
public sealed class ZstdPartsTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData(3, 2, false)]
    [InlineData(19, 2, false)]
    [InlineData(22, 2, false)]
    [InlineData(22, 2, true)]
    [InlineData(22, 3, false)]
    [InlineData(22, 1, true)]
    public void Parts_become_one_frame_that_zstd_reads(int level, int jobs, bool longMatches)
    {
        Tool.Require("zstd");
        byte[] content = Content();
        CompressionAttempt attempt = new(level) { Jobs = jobs, LongMatches = longMatches };
        byte[] packed = Pack(content, attempt);
        if (level < 22)
            Pack(content, attempt).ShouldBe(packed);
        string file = _bench.Folder.File("packed.zst", packed);
        // The kernel's decoder takes windows up to 128 MiB, which is what zstd takes by itself.
        Tool.Run("zstd", "-q", "-d", "-f", file);
        File.ReadAllBytes(_bench.Folder.At("packed")).ShouldBe(content);
        string listed = Tool.Run("zstd", "-l", "-v", file);
        listed.ShouldContain("Frames: 1\n");
        if (jobs > 1)
            listed.ShouldContain($"{content.Length} B");
    }

    [Fact]
    public void Parts_are_made_and_a_part_knows_what_comes_before()
    {
        byte[] content = Content();
        byte[] parts = Pack(content, new(6)), whole = Pack(content, new(6) { Jobs = 1 });
        parts.ShouldNotBe(whole);
        (parts.Length - whole.Length).ShouldBeLessThan(whole.Length / 50);
    }

    // Two halves are larger than the whole with 1.5.7; with older ones, as the machine's may be, it is as it happens.
    [Fact]
    public void The_smallest_of_this_program_is_smaller_than_two_halves_of_the_same_setting()
    {
        // Code, as a kernel is: the runtime's own.
        byte[] content = File.ReadAllBytes(typeof(object).Assembly.Location)[..(8 << 20)];
        CompressionAttempt smallest = PayloadEncoder.For(ZbootCompression.Zstd).Smallest(ZstdLibrary.Own);
        Pack(content, smallest).Length.ShouldBeLessThan(Pack(content, smallest with { Jobs = 2 }).Length);
    }

    public void Dispose() => _bench.Dispose();

    private static byte[] Content()
    {
        byte[] content = new byte[(6 << 20) + 77];
        var random = new Random(6);
        for (int at = 0; at + 8 < content.Length; at += 50)
            BitConverter.TryWriteBytes(content.AsSpan(at), random.Next(3000) * 77_777);
        return content;
    }

    private byte[] Pack(byte[] content, CompressionAttempt attempt)
    {
        using TemporaryFile packed = Compressor.Compress(Layout.Of(content), ZbootCompression.Zstd, attempt, _bench.Context);
        return Layout.Of(packed).ReadBytes(0, packed.Length);
    }
}
