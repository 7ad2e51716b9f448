using System.Buffers.Binary;
using System.Text;
using KexecSign.Commands.Inspect;
using KexecSign.Commands.Zboot;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Inspection;

namespace KexecSign.Tests.Zboot;

/// <summary>Zboot images after programs that know nothing of their header, and what takes the place of zboot on x86.</summary>
[Collection(CapturedKitCollection.Name)]
public sealed class ZbootTrapTests : IDisposable
{
    private readonly CapturedKit _kit;
    private readonly Bench _bench = new();

    public ZbootTrapTests(CapturedKit kit) => _kit = kit;

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void After_llvm_objcopy_the_payload_is_told_to_have_moved(ZbootCompression compression)
    {
        Tool.Require("llvm-objcopy");
        ZbootBuildResult built = Build(compression);
        AddSection("llvm-objcopy");
        (string name, long at) = FoundIn("changed.efi");
        at.ShouldNotBe(built.PayloadOffset);
        string[] told = [$"at 0x{built.PayloadOffset:x}, but the {name} payload begins at 0x{at:x}", "llvm-objcopy", ".text was moved to 0x"];
        Inspect("changed.efi").Traps.ShouldHaveSingleItem().ShouldStartWith("KS1210");
        Refusal.Of("KS1210", () => Extract("changed.efi"), told);
        Refusal.Of("KS1210", () => Repack("changed.efi"), told);
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void After_GNU_objcopy_the_header_is_told_to_be_gone(ZbootCompression compression)
    {
        Build(compression);
        AddSection("aarch64-linux-gnu-objcopy");
        (string name, long at) = FoundIn("changed.efi");
        string told = $"a {name} payload begins at 0x{at:x}";
        InspectResult inspected = Inspect("changed.efi");
        inspected.Kind.ShouldStartWith("EFI image");
        inspected.Traps.ShouldHaveSingleItem().ShouldContain(told);
        Refusal.Of("KS1209", () => Extract("changed.efi"), told, "GNU objcopy");
        Refusal.Of("KS1209", () => Repack("changed.efi"), told);
    }

    // tools/kexec/zboot_image_builder.c of the BPF series: a section header is added and SizeOfHeaders set to the table's end.
    [SkippableFact]
    public void The_hole_of_the_kernels_own_builder_is_told()
    {
        Build(ZbootCompression.Gzip);
        byte[] image = File.ReadAllBytes(At("vmlinuz.efi"));
        PeImage pe = PeReader.Read(Layout.Of(image));
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(pe.OptionalHeaderOffset + 60), 0x200);
        _bench.Folder.File("changed.efi", image);
        InspectResult inspected = Inspect("changed.efi");
        inspected.Canonical.ShouldBe(false);
        string trap = inspected.Traps.ShouldHaveSingleItem();
        trap.ShouldStartWith("KS1011");
        trap.ShouldContain("zboot_image_builder");
        Inspect("vmlinuz.efi").Traps.ShouldBeEmpty();
    }

    [Fact]
    public void A_bzImage_is_told_to_have_no_zboot_by_every_zboot_operation()
    {
        _bench.Folder.File("bzImage", BzImage());
        Inspect("bzImage").Kind.ShouldBe("x86 bzImage with EFI stub (a PE image, no zboot), unsigned");
        Refusal.Of("KS1208", () => Extract("bzImage"), "boot protocol 2.15", "'kexecsign sign'");
        Refusal.Of("KS1208", () => Repack("bzImage"), "bzImage");
        _bench.Folder.File("vmlinuz.efi", TestZboot.Gzip(BzImage()).Bytes);
        Refusal.Of("KS3118", () => Repack("vmlinuz.efi"), "bzImage");
        Extract("vmlinuz.efi").What.ShouldBe("an x86 bzImage");
    }

    [SkippableFact]
    public void A_bzImage_is_not_built_into_a_zboot_image_and_takes_no_other_kernels_place()
    {
        _bench.Folder.File("bzImage", BzImage());
        Refusal.Of("KS1208", () => ZbootBuildOperation.Definition.Run(new() { Kit = _kit.Require(), Image = At("bzImage"), Output = At("o.efi") }, _bench.Context), "bzImage");
        Build(ZbootCompression.Gzip);
        Refusal.Of("KS1208", () => ZbootRepackOperation.Definition.Run(new() { Image = At("vmlinuz.efi"), Replacement = At("bzImage"), Output = At("o.efi") }, _bench.Context), "bzImage");
    }

    [SkippableFact]
    public void Debians_bzImage_is_told_to_be_one()
    {
        string? kernel = Directory.Exists(Path.Combine(DebianCache.Root, "debian"))
            ? Directory.EnumerateDirectories(Path.Combine(DebianCache.Root, "debian"), "linux-image-6.12*amd64_*").SelectMany(d => Directory.EnumerateFiles(Path.Combine(d, "boot"), "vmlinuz-*")).FirstOrDefault()
            : null;
        Tool.Demand(kernel is not null, $"no amd64 kernel is unpacked below {DebianCache.Root}/debian");
        InspectOperation.Definition.Run(new() { File = kernel! }, _bench.Context).Kind.ShouldStartWith("x86 bzImage");
        Refusal.Of("KS1208", () => ZbootExtractOperation.Definition.Run(new() { Image = kernel!, Output = At("kernel") }, _bench.Context), "bzImage");
    }

    [Fact]
    public void What_has_another_compressed_thing_in_its_code_is_no_lost_zboot_image()
    {
        TestImage kernel = TestImage.Arm64();
        TestImage lost = TestZboot.Gzip(kernel.Bytes);
        byte[] payload = lost.Bytes[(int)lost.U32(8)..];
        payload.AsSpan(0, 0x1000).CopyTo(kernel.Bytes.AsSpan(TestImage.SizeOfHeaders + 0x400));
        _bench.Folder.File("Image", kernel.Bytes);
        Inspect("Image").Traps.ShouldBeEmpty();
        Refusal.Of("KS1201", () => Extract("Image"));
        _bench.Folder.File("lost.efi", lost.U32(4, 3).U32(56, 0).Bytes);
        Inspect("lost.efi").Traps.ShouldHaveSingleItem().ShouldStartWith("KS1209");
    }

    [Theory]
    [InlineData("28B52FFD")]
    [InlineData("02214C18")]
    [InlineData("28B52FFD00")]
    [InlineData("28B52FFDFFFFFFFFFFFFFFFF")]
    public void A_magic_number_alone_is_no_payload(string magic)
    {
        TestImage image = TestImage.Arm64().U32(56, 0);
        byte[] bytes = image.Bytes;
        foreach (int at in (int[])[0x400, TestImage.TextSize - 16])
        {
            bytes.AsSpan(TestImage.SizeOfHeaders + at, 16).Fill(0xFF);
            Convert.FromHexString(magic).CopyTo(bytes.AsSpan(TestImage.SizeOfHeaders + at));
        }
        _bench.Folder.File("app.efi", bytes);
        Inspect("app.efi").Traps.ShouldBeEmpty();
        Refusal.Of("KS1201", () => Extract("app.efi"));
    }

    [SkippableTheory]
    [InlineData("xzkern", "xz", "xz --check=crc32 -c")]
    [InlineData("lz4", "lz4", "lz4 -l -9 -c")]
    [InlineData("lzo", "lzop", "lzop -9 -c")]
    public void Older_payloads_are_found_too(string name, string found, string command)
    {
        Tool.Require(command.Split(' ')[0]);
        _bench.Folder.File("plain", SmallKernel.Image());
        Tool.Run("sh", "-c", $"{command} < '{At("plain")}' > '{At("packed")}'");
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, SmallKernel.Image().Length);
        TestImage zboot = TestImage.Zboot([.. File.ReadAllBytes(At("packed")), .. length], name);
        uint payload = zboot.U32(8);
        _bench.Folder.File("lost.efi", zboot.U32(4, 3).U32(56, 0).Bytes);
        Inspect("lost.efi").Traps.ShouldHaveSingleItem().ShouldContain($"a {found} payload begins at 0x{payload:x}");
    }

    public void Dispose() => _bench.Dispose();

    private string At(string name) => _bench.Folder.At(name);

    // arch/x86/boot/header.S: 0xAA55 at 0x1FE, HdrS at 0x202, boot protocol 2.15.
    private static byte[] BzImage()
    {
        TestImage image = TestImage.Arm64().U16(0x1FE, 0xAA55).U32(0x202, 0x53726448).U16(0x206, 0x020F).U32(0x260, 0x20000).U32(56, 0x818223CD);
        return image.U16(image.Pe + 4, PeConstants.MachineAmd64).U64(16, 0).Bytes;
    }

    private ZbootBuildResult Build(ZbootCompression compression)
    {
        _bench.Folder.File("Image", SmallKernel.Image());
        return ZbootBuildOperation.Definition.Run(new() { Kit = _kit.Require(), Image = At("Image"), Compression = compression, Level = 6, Output = At("vmlinuz.efi") }, _bench.Context);
    }

    private void AddSection(string program)
    {
        _bench.Folder.File("rows", Encoding.ASCII.GetBytes("sbat,1\n"));
        Tool.Run(program, "--add-section", $".more={At("rows")}", "--set-section-flags", ".more=data,readonly", At("vmlinuz.efi"), At("changed.efi"));
    }

    // Found independently of the product: the whole payload's bytes.
    private (string Name, long Offset) FoundIn(string changed)
    {
        Layout layout = Layout.Of(File.ReadAllBytes(At("vmlinuz.efi")));
        ZbootHeader header = ZbootHeader.Read(PeReader.Read(layout), layout);
        return (header.CompressionName, File.ReadAllBytes(At(changed)).AsSpan().IndexOf(layout.ReadBytes(header.PayloadOffset, header.PayloadSize)));
    }

    private InspectResult Inspect(string name) => InspectOperation.Definition.Run(new() { File = At(name) }, _bench.Context);

    private ZbootExtractResult Extract(string name) => ZbootExtractOperation.Definition.Run(new() { Image = At(name), Output = At("kernel") }, _bench.Context);

    private ZbootRepackResult Repack(string name) =>
        ZbootRepackOperation.Definition.Run(new() { Image = At(name), Signing = _bench.Identity(TestSigners.Rsa2048), Output = At("o.efi") }, _bench.Context);
}
