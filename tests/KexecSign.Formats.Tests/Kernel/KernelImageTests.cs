using KexecSign.Fixtures;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Tests.Kernel;

public class KernelImageTests
{
    [Fact]
    public void Reads_an_arm64_header()
    {
        KernelImage image = Read(TestImage.Arm64());
        image.ShouldBe(new KernelImage(ImageArchitecture.Arm64, 0, TestImage.ImageSize, 0b1010));
        image.PageSizeKiB.ShouldBe(4);
    }

    [Fact]
    public void Reads_riscv_and_loongarch_headers()
    {
        Read(TestImage.Arm64().U32(56, 0x05435352)).Architecture.ShouldBe(ImageArchitecture.RiscV);
        TestImage loongarch = TestImage.Arm64().U32(56, 0x818223CD);
        Read(loongarch.U16(loongarch.Pe + 4, 0x6264)).Architecture.ShouldBe(ImageArchitecture.LoongArch);
    }

    [Fact]
    public void A_zboot_image_and_a_bzImage_are_no_Image()
    {
        KernelImage.TryParse(TestImage.Zboot(new byte[16], "gzip").Bytes).ShouldBeNull();
        TestImage x86 = TestImage.Arm64().U32(56, 0x818223CD);
        KernelImage.TryParse(x86.U16(x86.Pe + 4, 0x8664).Bytes).ShouldBeNull();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    public void A_short_file_is_no_Image(int length) => Refusal.Of("KS1101", () => KernelImage.Read(Layout.Of(TestImage.Arm64().Bytes.AsMemory(0, length))));

    [Fact]
    public void Refuses_an_unknown_size() => Refusal.Of("KS1102", () => Read(TestImage.Arm64().U64(16, 0)));

    [Fact]
    public void Refuses_a_file_larger_than_its_memory() =>
        Refusal.Of("KS1103", () => Read(TestImage.Arm64().U64(16, 0x3000)), "0x3600", "0x3000");

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1ul << 63)]
    [InlineData(1ul << 32)]
    public void Refuses_a_size_beyond_what_PE_can_say(ulong size) =>
        Refusal.Of("KS1106", () => Read(TestImage.Arm64().U64(16, size)), $"0x{size:x}", "0xffffffff");

    [SkippableFact]
    public void Reads_a_Debian_kernel()
    {
        using FileStream kernel = File.OpenRead(DebianKernels.Cloud().Path);
        byte[] head = new byte[4096];
        kernel.ReadExactly(head);
        KernelImage image = KernelImage.TryParse(head)!;
        (image.Architecture, image.PageSizeKiB).ShouldBe((ImageArchitecture.Arm64, 4));
        image.ImageSize.ShouldBeGreaterThan((ulong)kernel.Length);
    }

    private static KernelImage Read(TestImage image) => KernelImage.Read(Layout.Of(image.Bytes));
}
