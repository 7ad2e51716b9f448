using System.Buffers.Binary;
using System.IO.Compression;

namespace KexecSign.Fixtures;

/// <summary>Zboot images with a real payload.</summary>
public static class TestZboot
{
    public static TestImage Gzip(ReadOnlySpan<byte> kernel)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(kernel);
        return TestImage.Zboot(packed.ToArray(), "gzip");
    }

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
