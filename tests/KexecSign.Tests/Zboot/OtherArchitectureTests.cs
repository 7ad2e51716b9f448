using System.Buffers.Binary;
using KexecSign.Commands.Inspect;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Verify;
using KexecSign.Commands.Zboot;
using KexecSign.Fixtures;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Pe;
using KexecSign.Inspection;
using KexecSign.Judging;

namespace KexecSign.Tests.Zboot;

/// <summary>
/// riscv64 and loongarch64 by their header rules (arch/riscv/include/asm/image.h, arch/loongarch/kernel/head.S): Debian has no
/// loongarch64 kernel in this release, and no toolchain for one.
/// </summary>
[Collection(CapturedKitCollection.Name)]
public sealed class OtherArchitectureTests : IDisposable
{
    private readonly CapturedKit _kit;
    private readonly Bench _bench = new();

    public OtherArchitectureTests(CapturedKit kit) => _kit = kit;

    public static TheoryData<string, string> Images => new()
    {
        { "riscv64", "gzip" },
        { "riscv64", "zstd" },
        { "loongarch64", "gzip" },
        { "loongarch64", "zstd" },
    };

    [SkippableTheory]
    [MemberData(nameof(Images))]
    public void Are_inspected_extracted_repacked_and_verified(string architecture, string compression)
    {
        Tool.Require("osslsigncode");
        byte[] kernel = Make(architecture, compression);
        ImageArchitecture expected = architecture == "riscv64" ? ImageArchitecture.RiscV : ImageArchitecture.LoongArch;

        InspectResult inspected = InspectOperation.Definition.Run(new() { File = At("vmlinuz.efi") }, _bench.Context);
        (inspected.Kind, inspected.Architecture).ShouldBe(("EFI zboot kernel (vmlinuz.efi), unsigned", architecture));
        inspected.Traps.ShouldBeEmpty();
        inspected.Inner.ShouldNotBeNull().Kind.ShouldBe($"{expected.ToString().ToLowerInvariant()} kernel Image, unsigned");
        (inspected.Inner.ImageSize, inspected.Inner.PageSizeKiB).ShouldBe((SmallKernel.ImageSize, null));

        ZbootExtractResult extracted = Extract("vmlinuz.efi");
        (extracted.Architecture, extracted.What, extracted.IsImageSize, extracted.IsSigned).ShouldBe((expected, $"{expected} Image", true, false));
        File.ReadAllBytes(At("kernel")).ShouldBe(kernel);

        ZbootRepackResult repacked = ZbootRepackOperation.Definition.Run(
            new() { Image = At("vmlinuz.efi"), Signing = _bench.Identity(TestSigners.Rsa2048), Output = At("repacked.efi") }, _bench.Context);
        repacked.KitSha256.ShouldBeNull();
        extracted = Extract("repacked.efi");
        (extracted.IsImageSize, extracted.IsSigned, extracted.Signer).ShouldBe((true, true, "CN=test rsa 2048"));
        // sbverify 0.9.4 knows no loongarch64.
        Tool.Run("osslsigncode", "verify", "-CAfile", TestSigners.Rsa2048.CertificateFile(_bench.Folder), "-in", At("kernel"));
        BinaryPrimitives.ReadUInt64LittleEndian(File.ReadAllBytes(At("kernel")).AsSpan(16)).ShouldBe((ulong)SmallKernel.ImageSize);

        // kexec_file_load of loongarch looks at no signature, that of released riscv kernels takes ELF files only.
        Judge("repacked.efi", Consumer.Kexec).ShouldBe(architecture == "loongarch64" ? Answer.DoesNotCheck : Answer.Refuses);
        SignOperation.Definition.Run(new() { Files = [At("repacked.efi")], Signing = _bench.Identity(TestSigners.Rsa2048), Output = At("signed.efi") }, _bench.Context);
        Judge("signed.efi", Consumer.Firmware).ShouldBe(Answer.Accepts);
        byte[] flipped = File.ReadAllBytes(At("signed.efi"));
        flipped[(int)repacked.PayloadOffset + 100] ^= 1;
        _bench.Folder.File("flipped.efi", flipped);
        Judge("flipped.efi", Consumer.Firmware).ShouldBe(Answer.Refuses);
    }

    [SkippableFact]
    public void An_Image_is_not_built_with_another_architectures_kit()
    {
        _bench.Folder.File("Image", SmallKernel.Image(PeConstants.MachineLoongArch64, 0x818223CD));
        Refusal.Of("KS3104", () => ZbootBuildOperation.Definition.Run(new() { Kit = _kit.Require(), Image = At("Image"), Output = At("o.efi") }, _bench.Context), "arm64", "loongarch64");
    }

    public void Dispose() => _bench.Dispose();

    private string At(string name) => _bench.Folder.At(name);

    // Padded to image_size, as Makefile.zboot does with Image (riscv) and vmlinux.efi (loongarch), and packed by a weaker encoder.
    private byte[] Make(string architecture, string compression)
    {
        (ushort machine, uint magic) = architecture == "riscv64" ? (PeConstants.MachineRiscV64, 0x05435352u) : (PeConstants.MachineLoongArch64, 0x818223CDu);
        byte[] image = SmallKernel.Wordy(machine, magic), kernel = [.. image, .. new byte[SmallKernel.ImageSize - image.Length]];
        _bench.Folder.File("plain", kernel);
        Tool.Run("sh", "-c", compression == "gzip" ? $"gzip -n -1 -c '{At("plain")}' > '{At("packed")}'" : $"zstd -q -1 -f '{At("plain")}' -o '{At("packed")}'");
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, kernel.Length);
        TestImage zboot = TestImage.Zboot([.. File.ReadAllBytes(At("packed")), .. compression == "gzip" ? [] : length], compression);
        _bench.Folder.File("vmlinuz.efi", zboot.U16(zboot.Pe + 4, machine).Bytes);
        return kernel;
    }

    private ZbootExtractResult Extract(string name) => ZbootExtractOperation.Definition.Run(new() { Image = At(name), Output = At("kernel") }, _bench.Context);

    private Answer Judge(string name, Consumer consumer) => VerifyOperation.Definition.Run(
        new() { File = At(name), Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)], Consumers = [consumer] }, _bench.Context)
        .Verdicts.ShouldHaveSingleItem().Answer;
}
