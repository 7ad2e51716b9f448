using KexecSign.Commands.Zboot;
using KexecSign.Fixtures;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;

namespace KexecSign.Tests.Zboot;

/// <summary>Kits of another kernel series and of another architecture.</summary>
public sealed class KernelVersionTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip, "gzip")]
    [InlineData(ZbootCompression.Zstd, "zstd22")]
    public void A_stub_of_6_1_gets_the_Image_as_it_is_and_its_own_name_for_the_compression(ZbootCompression compression, string name)
    {
        string kit = Kit("linux-source-6.1_*_arm64_*.kit");
        Tool.Require("aarch64-linux-gnu-ld");
        _bench.Folder.File("Image", SmallKernel.Image());

        Build(kit, compression).ImageLength.ShouldBe(SmallKernel.Image().Length);
        HeaderOf("vmlinuz.efi").CompressionName.ShouldBe(name);
        Extract("vmlinuz.efi");
        File.ReadAllBytes(At("kernel")).ShouldBe(SmallKernel.Image());

        // Signed it has its full length, for kexec.
        Build(kit, compression, signed: true).ImageLength.ShouldBe(SmallKernel.ImageSize);
        Extract("vmlinuz.efi").IsSigned.ShouldBeTrue();
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void A_riscv_kit_links_a_riscv_Image_and_no_other(ZbootCompression compression)
    {
        string kit = Kit("linux-source-6.12_*_riscv_*.kit");
        Tool.Require("riscv64-linux-gnu-ld");
        _bench.Folder.File("Image", SmallKernel.Image(PeConstants.MachineRiscV64, 0x05435352));

        ZbootBuildResult built = Build(kit, compression, signed: true);
        built.CodeSize.ShouldBe(0);
        built.ImageLength.ShouldBe(SmallKernel.ImageSize);
        Layout file = Layout.Of(File.ReadAllBytes(At("vmlinuz.efi")));
        PeReader.Read(file).Machine.ShouldBe(PeConstants.MachineRiscV64);
        Extract("vmlinuz.efi").Architecture.ShouldBe(ImageArchitecture.RiscV);

        _bench.Folder.File("Image", SmallKernel.Image());
        Refusal.Of("KS3104", () => Build(kit, compression)).Message.ShouldContain("the kit is for riscv but the Image is for arm64");
    }

    public void Dispose() => _bench.Dispose();

    private static string Kit(string pattern)
    {
        string kits = Path.Combine(DebianCache.Root, "kits");
        string? kit = Directory.Exists(kits) ? Directory.GetFiles(kits, pattern).MaxBy(File.GetLastWriteTimeUtc) : null;
        Tool.Demand(kit is not null, $"no {pattern} in {kits}; './build.sh --target=Test' puts one there");
        return kit!;
    }

    private string At(string name) => _bench.Folder.At(name);

    private ZbootBuildResult Build(string kit, ZbootCompression compression, bool signed = false) => ZbootBuildOperation.Definition.Run(
        new ZbootBuildOptions
        {
            Kit = kit,
            Image = At("Image"),
            Compression = compression,
            Level = 9,
            Output = At("vmlinuz.efi"),
            Signing = signed ? _bench.Identity(TestSigners.Rsa2048) : new(),
        },
        _bench.Context);

    private ZbootExtractResult Extract(string name) =>
        ZbootExtractOperation.Definition.Run(new ZbootExtractOptions { Image = At(name), Output = At("kernel") }, _bench.Context);

    private ZbootHeader HeaderOf(string name)
    {
        Layout file = Layout.Of(File.ReadAllBytes(At(name)));
        return ZbootHeader.Read(PeReader.Read(file), file);
    }
}
