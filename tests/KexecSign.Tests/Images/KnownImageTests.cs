using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Images;

namespace KexecSign.Tests.Images;

/// <summary>Magics that anyone can write: which of them count for which machine.</summary>
public sealed class KnownImageTests : IDisposable
{
    private const ushort Arm64 = 0xAA64, X64 = 0x8664;

    private readonly Bench _bench = new();

    [Theory]
    [InlineData("zboot", Arm64, "", ImageKind.Zboot)]
    [InlineData("zboot", Arm64, "bzImage", ImageKind.Zboot)]
    [InlineData("zboot", Arm64, "riscv", ImageKind.Zboot)]
    [InlineData("zboot", Arm64, "arm64", ImageKind.KernelImage)]
    [InlineData("zboot", X64, "", ImageKind.Efi)]
    [InlineData("zboot", X64, "bzImage", ImageKind.BzImage)]
    [InlineData("image", Arm64, "", ImageKind.KernelImage)]
    [InlineData("image", Arm64, "zimg", ImageKind.KernelImage)]
    [InlineData("image", X64, "", ImageKind.Efi)]
    [InlineData("image", X64, "zimg", ImageKind.Efi)]
    public void A_magic_counts_for_the_machine_of_its_headers(string what, int machine, string magic, object expected)
    {
        TestImage image = what == "zboot" ? TestZboot.Gzip(TestImage.Arm64().Bytes) : TestImage.Arm64();
        image.U16(image.Pe + 4, (ushort)machine);
        Write(image, magic);
        KnownImage.Of(Layout.Of(image.Bytes)).Kind.ShouldBe((ImageKind)expected);
    }

    [Fact]
    public void Headers_behind_the_first_page_say_the_machine_too()
    {
        // e_lfanew leads to a copy of the PE header behind the 4 KiB that are read first.
        byte[] bytes = TestImage.Arm64().Bytes;
        BitConverter.GetBytes(0x1800).CopyTo(bytes, 0x3C);
        "PE\0\0"u8.CopyTo(bytes.AsSpan(0x1800));
        BitConverter.GetBytes(X64).CopyTo(bytes, 0x1804);
        KnownImage.Of(Layout.Of(bytes)).ShouldBe(new KnownImage(ImageKind.Efi, IsPe: true, null));
        // By headers that were read elsewhere the same, though the bytes at hand do not show them.
        PeImage image = PeReader.Read(Layout.Of(TestImage.Arm64().Bytes)) with { Machine = X64 };
        KnownImage.Of(image, bytes.AsSpan(0, KnownImage.HeadSize)).ShouldBe(new KnownImage(ImageKind.Efi, IsPe: true, null));
    }

    // kexec-tools on arm64 knows vmlinux, Image, uImage and zboot, and no section of them.
    [Fact]
    public void A_zboot_is_unpacked_whatever_sections_it_has()
    {
        byte[] payload = TestImage.Arm64(seed: 2).Bytes, other = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048));
        Layout zboot = PeEditor.AddSection(
            Layout.Of(TestZboot.Gzip(payload).Bytes), ".linux", Layout.Of(other), PeConstants.DiscardableData);
        using var inside = new KernelInside(PeReader.Read(zboot), zboot, _bench.Context);
        (inside.IsUnified, inside.IsUnpacked).ShouldBe((false, true));
        Layout kernel = inside.Open();
        kernel.ReadBytes(0, kernel.Length).ShouldBe(payload);
    }

    [Theory]
    [InlineData("arm64")]
    [InlineData("zimg")]
    public void A_unified_image_is_looked_into_whatever_stands_in_its_headers(string magic)
    {
        byte[] uki = Containers.Uki((".linux", TestImage.Arm64().Bytes));
        BitConverter.GetBytes(X64).CopyTo(uki, BitConverter.ToInt32(uki, 0x3C) + 4);
        if (magic == "zimg")
            "zimg"u8.CopyTo(uki.AsSpan(4));
        else
            "ARM\x64"u8.CopyTo(uki.AsSpan(0x38));
        using var inside = new KernelInside(PeReader.Read(Layout.Of(uki)), Layout.Of(uki), _bench.Context);
        inside.IsUnified.ShouldBeTrue();
    }

    public void Dispose() => _bench.Dispose();

    private static void Write(TestImage image, string magic)
    {
        switch (magic)
        {
            case "bzImage":
                image.U16(0x1FE, 0xAA55).U32(0x202, 0x53726448).U16(0x206, 0x20F);
                break;
            case "arm64":
                "ARM\x64"u8.CopyTo(image.Bytes.AsSpan(0x38));
                break;
            case "riscv":
                "RSC\x05"u8.CopyTo(image.Bytes.AsSpan(0x38));
                break;
            case "zimg":
                "zimg"u8.CopyTo(image.Bytes.AsSpan(4));
                break;
            default:
                magic.ShouldBeEmpty();
                break;
        }
    }
}
