using System.Buffers.Binary;
using KexecSign.Commands.Zboot;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Zboot;

/// <summary>What stubs of Linux 6.1 to 6.13 hold besides gzip and zstd, packed as their Makefile.zboot does.</summary>
public sealed class OlderPayloadTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData("lz4", "lz4 -l -9")]
    [InlineData("lzma", "lzma -9")]
    [InlineData("xzkern", "xz --check=crc32 --lzma2=dict=32MiB")]
    [InlineData("lzo", "lzop -9")]
    public void Older_compressions_are_unpacked_and_damaged_ones_refused(string name, string command)
    {
        Tool.Require(command.Split(' ')[0]);
        // More than one block of lz4 (8 MiB) and lzop (256 KiB), compressible and not.
        byte[] kernel = [.. SmallKernel.Image(), .. new byte[9 << 20], .. SmallKernel.Image()];
        new Random(3).NextBytes(kernel.AsSpan(0x20000, 0x50000));
        _bench.Folder.File("plain", kernel);
        Tool.Run("sh", "-c", $"{command} -c < '{At("plain")}' > '{At("packed")}'");
        byte[] packed = File.ReadAllBytes(At("packed")), length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, kernel.Length);
        _bench.Folder.File("vmlinuz.efi", TestImage.Zboot([.. packed, .. length], name).Bytes);

        ZbootExtractResult extracted = Extract();
        extracted.Compression.ShouldBe(name);
        File.ReadAllBytes(At("kernel")).ShouldBe(kernel);
        File.Delete(At("kernel"));

        foreach (int cut in (int[])[packed.Length - 1, packed.Length / 2, 40])
        {
            _bench.Folder.File("vmlinuz.efi", TestImage.Zboot([.. packed[..cut], .. length], name).Bytes);
            Should.Throw<Formats.Errors.KexecSignException>(Extract).Code.Id.ShouldBeOneOf("KS1205", "KS1206");
        }
        foreach (byte[] wrong in Mutations.Of([.. packed, .. length], 0, 64, 200, seed: 4))
        {
            _bench.Folder.File("vmlinuz.efi", TestImage.Zboot(wrong, name).Bytes);
            try
            {
                Extract();
            }
            catch (Formats.Errors.KexecSignException refused)
            {
                refused.Code.Id.ShouldStartWith("KS12", customMessage: refused.Message);
            }
        }
        // A length that is not the payload's is refused, however much more would come.
        BinaryPrimitives.WriteInt32LittleEndian(length, 1 << 16);
        _bench.Folder.File("vmlinuz.efi", TestImage.Zboot([.. packed, .. length], name).Bytes);
        Should.Throw<Formats.Errors.KexecSignException>(Extract).Code.Id.ShouldBe("KS1205");
    }

    [Fact]
    public void What_came_out_is_told()
    {
        What([0x7F, .. "ELF"u8, 2, 1, 1, .. new byte[200]]).ShouldBe("an ELF file");
        What(TestZboot.Gzip(SmallKernel.Image()).Bytes).ShouldBe("another zboot image");
        What(SmallKernel.Image()).ShouldBe("Arm64 Image");
        What(new byte[100]).ShouldBe("unknown data");

        string What(byte[] payload)
        {
            _bench.Folder.File("vmlinuz.efi", TestZboot.Gzip(payload).Bytes);
            return Extract().What;
        }
    }

    public void Dispose() => _bench.Dispose();

    private string At(string name) => _bench.Folder.At(name);

    private ZbootExtractResult Extract() =>
        ZbootExtractOperation.Definition.Run(new ZbootExtractOptions { Image = At("vmlinuz.efi"), Output = At("kernel") }, _bench.Context);
}
