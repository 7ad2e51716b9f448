using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Tests.Compression;

/// <summary>zstd takes all of its input in at once and then works for minutes; what is shown is what it has worked through.</summary>
public sealed class CompressionProgressTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Progress_is_what_the_library_has_consumed(int jobs)
    {
        byte[] input = new byte[12 << 20];
        new Random(7).NextBytes(input.AsSpan(0, input.Length / 2));
        var log = new Recorder();
        using var keyring = new Keyring();
        using TemporaryFile compressed = Compressor.Compress(
            Layout.Of(input), ZbootCompression.Zstd, new CompressionAttempt(12) { Jobs = jobs }, new RunContext { Keyring = keyring, Log = log });
        log.Advances.Sum().ShouldBe(input.Length);
        // Told as it was fed, every report would be of a whole buffer of 1 MiB.
        log.Advances.ShouldContain(bytes => bytes % (1 << 20) != 0);
    }

    private sealed class Recorder : IRunLog, IRunStep
    {
        public List<long> Advances { get; } = [];

        public IRunStep Step(string name, long totalBytes = 0) => this;

        public void Warning(string message)
        {
        }

        public void Detail(string message)
        {
        }

        public void Advance(long bytes) => Advances.Add(bytes);

        public void Dispose()
        {
        }
    }
}
