using KexecSign.Compression;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;
using AloneCollection = KexecSign.Tests.Zboot.AloneCollection;

namespace KexecSign.Tests.Compression;

/// <summary>The temporary folder lies on a full disk. The environment belongs to the process, hence alone.</summary>
[Collection(AloneCollection.Name)]
public sealed class FullTemporaryFolderTests
{
    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip, 2 << 20)]
    [InlineData(ZbootCompression.Zstd, 2 << 20)]
    public void Gives_one_line_and_no_dead_process(ZbootCompression compression, int length)
    {
        using var bench = new Bench();
        using SmallDisk disk = SmallDisk.Writable(bench.Folder);
        byte[] noise = new byte[length];
        new Random(1).NextBytes(noise);
        string? before = Environment.GetEnvironmentVariable("TMPDIR");
        Environment.SetEnvironmentVariable("TMPDIR", disk.Path);
        try
        {
            Refusal.Of("KS3004", () => Compressor.Compress(Layout.Of(noise), compression, new(6), bench.Context).Dispose(), disk.Path);
        }
        finally
        {
            Environment.SetEnvironmentVariable("TMPDIR", before);
        }
        disk.Names().ShouldBeEmpty();
    }
}
