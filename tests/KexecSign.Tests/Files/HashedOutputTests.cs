using System.Security.Cryptography;
using KexecSign.Files;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Files;

public sealed class HashedOutputTests : IDisposable
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData((1 << 20) - 1, 1 << 18)]
    [InlineData(1 << 20, 1 << 20)]
    [InlineData((3 << 20) + 5, 99_999)]
    [InlineData((3 << 20) + 5, 4 << 20)]
    public void What_was_written_was_hashed(int length, int pieces)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        string path = _bench.Folder.At("out");
        using (OutputFile output = OutputFile.Create(path))
        {
            using HashedOutput hashed = new(output, length);
            byte[] reused = new byte[pieces];
            for (int at = 0; at < length; at += pieces)
            {
                // The caller's buffer is the caller's again at once.
                int count = Math.Min(pieces, length - at);
                content.AsSpan(at, count).CopyTo(reused);
                hashed.Write(reused.AsSpan(0, count));
                reused.AsSpan().Clear();
            }
            hashed.Finish().ShouldBe(new WrittenFile(length, Convert.ToHexStringLower(SHA256.HashData(content))));
            output.ToLayout().ReadBytes(0, length).ShouldBe(content);
            output.Commit();
        }
        File.ReadAllBytes(path).ShouldBe(content);
    }

    [SkippableFact]
    public void A_full_disk_is_told_whenever_it_is_noticed()
    {
        using SmallDisk disk = SmallDisk.Writable(_bench.Folder);
        byte[] piece = new byte[1 << 20];
        new Random(1).NextBytes(piece);
        Refusal.Of("KS3004", () =>
        {
            using OutputFile output = OutputFile.Create(Path.Combine(disk.Path, "out"));
            using HashedOutput hashed = new(output, 8 << 20);
            for (int i = 0; i < 8; i++)
                hashed.Write(piece);
            hashed.Finish();
        }, "0x800000");
        disk.Names().ShouldBeEmpty();
    }

    public void Dispose() => _bench.Dispose();
}
