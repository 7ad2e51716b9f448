using System.Buffers.Binary;
using System.IO.Compression;

namespace KexecSign.Fixtures;

/// <summary>Zboot images with a real payload.</summary>
public static class TestZboot
{
    /// <summary>As the kernel's build packs, or with room for a signature besides.</summary>
    public static TestImage Gzip(ReadOnlySpan<byte> kernel, CompressionLevel level = CompressionLevel.Optimal)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, level, leaveOpen: true))
            gzip.Write(kernel);
        return TestImage.Zboot(packed.ToArray(), "gzip");
    }

    /// <summary>With a kernel padded as its build does, packed so badly that a signature finds room.</summary>
    public static TestImage Roomy(ReadOnlySpan<byte> kernel) =>
        Gzip([.. kernel, .. new byte[Math.Max(0, TestImage.ImageSize - kernel.Length)]], CompressionLevel.NoCompression);

    /// <summary>Packed by the zstd program.</summary>
    public static TestImage Zstd(ReadOnlySpan<byte> kernel, TempFolder folder, string name = "zstd")
    {
        string plain = folder.File("kernel", kernel), packed = folder.At("kernel.zst");
        Tool.Run("zstd", "-q", "-f", "-19", plain, "-o", packed);
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, kernel.Length);
        return TestImage.Zboot([.. File.ReadAllBytes(packed), .. length], name);
    }
}
