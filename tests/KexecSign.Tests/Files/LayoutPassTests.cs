using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;

namespace KexecSign.Tests.Files;

public sealed class LayoutPassTests : IDisposable
{
    private const int Chunk = 1 << 20;

    private readonly TempFolder _folder = new();

    // Lengths and ranges that lie on, before and behind the borders of the chunks in which the pass reads.
    [SkippableTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Chunk - 1)]
    [InlineData(Chunk)]
    [InlineData(Chunk + 1)]
    [InlineData(3 * Chunk + 12345)]
    [InlineData(17 * Chunk + 1)]
    public void Hashes_and_writes_what_openssl_hashes(int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        ImmutableArray<ByteRange>[] wanted =
        [
            [new(0, length)],
            [new(0, length / 3), new(length / 3 + length / 7, length - length / 3 - length / 7)],
            [.. new[] { 0L, Chunk - 5, Chunk, 2 * Chunk - 1, 3 * Chunk }.Where(at => at + 7 <= length).Select(at => new ByteRange(at, 7))],
            [],
        ];
        using FileSource source = FileSource.Open(_folder.File("in", content));
        string target = _folder.At("out");
        using (OutputFile output = OutputFile.Create(target))
        {
            var step = new CountingStep();
            var hashes = LayoutPass.Finish(LayoutPass.Run(source.ToLayout(), output, [.. wanted.Select(r => new HashRequest(HashAlgorithmName.SHA384, r))], step, default));
            output.Commit();
            step.Total.ShouldBe(length);
            for (int i = 0; i < wanted.Length; i++)
            {
                byte[] part = [.. wanted[i].SelectMany(r => content.AsSpan((int)r.Offset, (int)r.Length).ToArray())];
                string openssl = Tool.Run("openssl", "dgst", "-sha384", "-r", _folder.File("part", part)).Split(' ')[0];
                Convert.ToHexStringLower(hashes[i]).ShouldBe(openssl, $"request {i}");
            }
        }
        File.ReadAllBytes(target).ShouldBe(content);
    }

    [Fact]
    public void A_file_that_shrinks_while_it_is_read_is_noticed()
    {
        string path = _folder.File("in", new byte[3 * Chunk]);
        using FileSource source = FileSource.Open(path);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(Chunk + 100);
        Refusal.Of("KS3007", () => LayoutPass.Run(source.ToLayout(), null, [], SilentLog.Instance, default), $"0x{3 * Chunk:x}", $"0x{Chunk + 100:x}", path);
        Refusal.Of("KS3007", () => LayoutPass.Hash(source.ToLayout(), HashAlgorithmName.SHA256, new RunContext { Keyring = new Keys.Keyrings.Keyring() }), path);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(20 * Chunk)]
    public void Stops_between_two_chunks(int length)
    {
        using var stop = new CancellationTokenSource();
        using OutputFile output = OutputFile.Create(_folder.At("out"));
        var layout = Layout.Of(new byte[length]);
        if (length <= Chunk)
            stop.Cancel();
        IRunStep step = length <= Chunk ? SilentLog.Instance : new StoppingStep(stop, 3 * Chunk);
        Should.Throw<OperationCanceledException>(() => LayoutPass.Run(layout, output, [HashRequest.Whole(HashAlgorithmName.SHA256, layout)], step, stop.Token));
        output.Length.ShouldBeInRange(0, 3 * Chunk);
    }

    public void Dispose() => _folder.Dispose();

    private sealed class StoppingStep(CancellationTokenSource stop, long after) : IRunStep
    {
        private long _total;

        public void Advance(long bytes)
        {
            _total += bytes;
            if (_total >= after)
                stop.Cancel();
        }

        public void Dispose()
        {
        }
    }

    private sealed class CountingStep : IRunStep
    {
        public long Total { get; private set; }

        public void Advance(long bytes) => Total += bytes;

        public void Dispose()
        {
        }
    }
}
