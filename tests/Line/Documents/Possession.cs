using System.IO.Compression;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Documents;

/// <summary>What a page says that its reader has before the first line.</summary>
internal static class Possession
{
    /// <summary>Puts a file there that a page says its reader has.</summary>
    public static void Give(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        switch (name)
        {
            case "Image":
                File.WriteAllBytes(path, TestImage.Arm64().Bytes);
                break;
            case "vmlinuz.efi":
                File.WriteAllBytes(path, Finished());
                break;
            case "arm64.kit":
                File.Copy(DebianKernels.Kit(), path);
                break;
            case "initrd.img":
                File.WriteAllText(path, "an initrd\n");
                break;
            case "linuxaa64.efi.stub":
                File.Copy(DebianFiles.Named("newer stub arm64"), path);
                break;
            case "hello.ko":
                // ELF, 64 bits, little-endian, relocatable.
                File.WriteAllBytes(path, [0x7F, .. "ELF"u8, 2, 1, 1, .. new byte[9], 1, 0, .. "not much of a module"u8]);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(name), name, "no page's reader has this");
        }
    }

    /// <summary>As a kernel's build leaves it, but small; the payload is stored, so that a signed one finds its place.</summary>
    public static byte[] Finished()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.NoCompression, leaveOpen: true))
            gzip.Write(TestImage.Arm64().Bytes);
        return TestImage.Zboot(packed.ToArray(), "gzip").Bytes;
    }
}
