using System.Security.Cryptography;
using KexecSign.Compression;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;

namespace KexecSign.Tests.Compression;

/// <summary>The zstd in this program: its bytes are those of libzstd 1.5.7 on every machine, and either library reads what the other wrote.</summary>
public sealed class ZstdLibraryTests : IDisposable
{
    private readonly Bench _bench = new();

    // What Debian 13's libzstd 1.5.7 made of the same content by ZSTD_compress2.
    [Theory]
    [InlineData(3, 80_468, "100de8c58f36497aec64e59b3f74f1b8b7ad46af2813f8e82350221e7109cd01")]
    [InlineData(22, 56_456, "dc7661953db400b091e18cd963e743303eb4cf2fcbc22ee67a5296dbb9de8d68")]
    public void Its_bytes_are_those_of_libzstd_1_5_7(int level, int length, string sha256)
    {
        byte[] packed = Pack(ZstdLibrary.Own, level);
        packed.Length.ShouldBe(length);
        Convert.ToHexStringLower(SHA256.HashData(packed)).ShouldBe(sha256);
    }

    [Theory]
    [InlineData(ZstdLibrary.Own)]
    [InlineData(ZstdLibrary.System)]
    public void Each_library_unpacks_what_each_packed(ZstdLibrary packer)
    {
        byte[] packed = Pack(packer, 6);
        foreach (Zstd reader in new[] { Zstd.OfThisProgram, Zstd.OfThisMachine })
            Unpack(reader, packed).ShouldBe(Content(), reader.Name);
    }

    [Fact]
    public void Libraries_name_themselves_and_their_versions()
    {
        Compressor.Library(ZbootCompression.Zstd, ZstdLibrary.Own).ShouldBe("ZstdSharp.Port 0.8.8 (zstd 1.5.7)");
        typeof(ZstdSharp.Compressor).Assembly.GetName().Version!.ToString(3).ShouldBe("0.8.8");
        Compressor.Library(ZbootCompression.Zstd, ZstdLibrary.System).ShouldMatch(@"^libzstd 1\.\d+\.\d+$");
        // Linked in it has a version; opened it has a digest.
        Compressor.Library(ZbootCompression.Gzip, default).ShouldMatch(@"^libdeflate(\.so\.0, sha256 [0-9a-f]{64}| \d+\.\d+)$");
    }

    public void Dispose() => _bench.Dispose();

    private byte[] Pack(ZstdLibrary library, int level)
    {
        CompressionAttempt attempt = new(level) { Jobs = 1, Zstd = library };
        using TemporaryFile packed = Compressor.Compress(Layout.Of(Content()), ZbootCompression.Zstd, attempt, _bench.Context);
        return Layout.Of(packed).ReadBytes(0, packed.Length);
    }

    private static unsafe byte[] Unpack(Zstd zstd, byte[] packed)
    {
        byte[] content = new byte[500_000];
        nint context = zstd.CreateDecompressor();
        try
        {
            fixed (byte* from = packed, to = content)
            {
                var source = new Zstd.Buffer { Start = (nint)from, Size = (nuint)packed.Length };
                var target = new Zstd.Buffer { Start = (nint)to, Size = (nuint)content.Length };
                zstd.DecompressStream(context, ref target, ref source).ShouldBe((nuint)0);
                return content[..(int)target.Position];
            }
        }
        finally
        {
            _ = zstd.FreeDecompressor(context);
        }
    }

    // Words that a generator of numbers chooses, the same everywhere.
    private static byte[] Content()
    {
        string[] words = ["kernel", "image", "signature", "section", "payload", " ", "\n", "0x%x"];
        var content = new List<byte>(410_000);
        uint state = 1;
        while (content.Count < 400_000)
        {
            state = unchecked((state * 1_103_515_245) + 12_345) & 0x7FFF_FFFF;
            content.AddRange(words[(state >> 16) % 8].Select(letter => (byte)letter));
            content.Add((state & 0x70_0000) == 0 ? (byte)((state >> 8) & 0xFF) : (byte)' ');
        }
        return [.. content.Take(400_000)];
    }
}
