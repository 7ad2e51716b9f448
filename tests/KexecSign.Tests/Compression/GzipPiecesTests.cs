using System.Buffers.Binary;
using System.IO.Compression;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Tests.Compression;

/// <summary>One gzip member made of pieces, judged by GNU gzip.</summary>
public sealed class GzipPiecesTests : IDisposable
{
    private readonly Bench _bench = new();

    public static TheoryData<string> Contents => ["noise", "zeros", "words", "mixed"];

    [SkippableTheory]
    [MemberData(nameof(Contents))]
    public void Pieces_become_one_member_that_gzip_reads(string kind)
    {
        byte[] content = Content(kind, 300_001);
        foreach (int level in (int[])[1, 6, 12])
        {
            foreach (int pieceLength in (int[])[4096, 150_001, 300_000])
            {
                byte[] packed = Pack(content, level, pieceLength);
                string what = $"level {level}, pieces of {pieceLength}";
                Unpacked(packed).ShouldBe(content, what);
                // The stub skips ten bytes and inflates until the stream ends; a second member would never be seen.
                packed[..4].ShouldBe([0x1F, 0x8B, 8, 0]);
                var inflated = new MemoryStream();
                using (var inflate = new DeflateStream(new MemoryStream(packed[10..^8]), CompressionMode.Decompress))
                    inflate.CopyTo(inflated);
                inflated.ToArray().ShouldBe(content, what);
                BinaryPrimitives.ReadInt32LittleEndian(packed.AsSpan(packed.Length - 4)).ShouldBe(content.Length);
            }
        }
    }

    [SkippableFact]
    public void A_piece_may_end_at_any_bit_and_be_of_any_length()
    {
        byte[] words = Content("words", 4000);
        for (int length = 0; length < 80; length++)
            Unpacked(Pack(words[..length], 6, 7)).ShouldBe(words[..length], $"{length}");
        for (int pieceLength = 100; pieceLength < 140; pieceLength++)
            Unpacked(Pack(words, 6, pieceLength)).ShouldBe(words, $"{pieceLength}");
    }

    [Fact]
    public void Cuts_depend_on_the_length_alone_and_cost_little()
    {
        byte[] content = Content("words", (9 << 20) + 3);
        byte[] packed = Pack(content, 6), whole = Pack(content, 6, CompressionAttempt.Whole);
        Pack(content, 6).ShouldBe(packed);
        packed.ShouldNotBe(whole);
        (packed.Length - whole.Length).ShouldBeLessThan(whole.Length / 300);
        Pack(content, 6, 4 << 20).ShouldBe(packed);
    }

    [Fact]
    public void What_is_no_stream_of_that_length_is_refused()
    {
        byte[] content = Content("mixed", 20_000), packed = Pack(content, 6)[10..^8];
        Should.Throw<InvalidDataException>(() => Join(packed, packed.Length - 1));
        Should.Throw<InvalidDataException>(() => Join([.. packed, 0], packed.Length + 1));
        Should.Throw<InvalidDataException>(() => Join([7], 1)).Message.ShouldContain("kind");
        Should.Throw<InvalidDataException>(() => Join([1, 0, 0, 0, 0], 5)).Message.ShouldContain("stored");
        Should.NotThrow(() => Join(packed, packed.Length));

        var random = new Random(5);
        for (int i = 0; i < 3000; i++)
        {
            byte[] wrong = [.. packed];
            wrong[random.Next(random.Next(1, wrong.Length))] ^= (byte)(1 << random.Next(8));
            try
            {
                Join(wrong, random.Next(wrong.Length + 1));
            }
            catch (InvalidDataException)
            {
            }
        }

        static int Join(byte[] stream, int length) => DeflateJoint.Open([.. stream, .. new byte[DeflateJoint.EndSize]], length);
    }

    [Fact]
    public void A_level_that_there_is_not_is_refused_and_who_cancels_need_not_wait()
    {
        Refusal.Of("KS5004", () => Pack(new byte[10], 13), "level 13");
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        using RunContext context = new() { Keyring = new Keyring(), Cancellation = cancelled.Token };
        Should.Throw<OperationCanceledException>(() => Compressor.Compress(Layout.Empty.AppendZeros(64 << 20), ZbootCompression.Gzip, new(6), context));
    }

    public void Dispose() => _bench.Dispose();

    private static byte[] Content(string kind, int length)
    {
        byte[] content = new byte[length];
        var random = new Random(length);
        if (kind is "noise" or "mixed")
            random.NextBytes(content.AsSpan(0, kind == "noise" ? length : length / 3));
        if (kind is "words" or "mixed")
        {
            for (int at = kind == "words" ? 0 : length / 3; at < length * (kind == "words" ? 3 : 2) / 3; at += 5)
                BitConverter.TryWriteBytes(content.AsSpan(at), random.Next(3000) * 77_777);
        }
        return content;
    }

    private byte[] Pack(byte[] content, int level, int? pieceLength = null)
    {
        CompressionAttempt attempt = new(level);
        using TemporaryFile packed = Compressor.Compress(
            Layout.Of(content), ZbootCompression.Gzip, pieceLength is { } length ? attempt with { PieceLength = length } : attempt, _bench.Context);
        return Layout.Of(packed).ReadBytes(0, packed.Length);
    }

    private byte[] Unpacked(byte[] packed)
    {
        Tool.Run("gzip", "-q", "-d", "-f", _bench.Folder.File("packed.gz", packed));
        return File.ReadAllBytes(_bench.Folder.At("packed"));
    }
}
