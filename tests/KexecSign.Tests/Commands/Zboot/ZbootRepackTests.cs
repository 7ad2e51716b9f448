using System.Security.Cryptography;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Zboot;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Signing;
using KexecSign.Tests.Zboot;

namespace KexecSign.Tests.Commands.Zboot;

[Collection(CapturedKitCollection.Name)]
public sealed class ZbootRepackTests : IDisposable
{
    // What the kernel's build leaves is worse compressed than what repack makes; so are these.
    private const int Loose = 1;

    private readonly CapturedKit _kit;
    private readonly Bench _bench = new();

    public ZbootRepackTests(CapturedKit kit)
    {
        _kit = kit;
        _bench.Folder.File("Image", SmallKernel.Wordy());
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void The_Image_inside_gets_the_signature_that_a_build_gives_and_the_stub_stays(ZbootCompression compression)
    {
        Tool.Require("sbverify");
        Build(compression, Loose);
        ZbootRepackResult repacked = Repack(Options() with { SignedImage = At("signed") });

        byte[] before = File.ReadAllBytes(At("vmlinuz.efi")), after = File.ReadAllBytes(At("repacked.efi"));
        after.Length.ShouldBe(before.Length);
        int start = (int)repacked.PayloadOffset, end = start + (int)repacked.PayloadSize;
        after[..start].ShouldBe(before[..start]);
        after[end..].ShouldBe(before[end..]);
        after[start..end].ShouldNotBe(before[start..end]);
        repacked.KitSha256.ShouldBeNull();
        repacked.WasSigned.ShouldBeFalse();
        repacked.Sha256.ShouldBe(Sha256(after));

        Extract("repacked.efi");
        byte[] kernel = File.ReadAllBytes(At("kernel"));
        kernel.Length.ShouldBe(SmallKernel.ImageSize);
        repacked.Inner.ShouldNotBeNull().Sha256.ShouldBe(Sha256(kernel));
        File.ReadAllBytes(At("signed")).ShouldBe(kernel);
        Tool.Run("sbverify", "--cert", TestSigners.Rsa2048.CertificateFile(_bench.Folder), At("kernel"));
        ZbootBuildOperation.Definition.Run(
            new ZbootBuildOptions { Kit = _kit.Require(), Image = At("Image"), Signing = _bench.Identity(TestSigners.Rsa2048), SignedImage = At("built"), Output = At("built.efi") },
            _bench.Context);
        File.ReadAllBytes(At("built")).ShouldBe(kernel);
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void An_Image_signed_elsewhere_goes_in_without_a_key(ZbootCompression compression)
    {
        Build(compression, Loose);
        Repack(Options() with { SignedImage = At("signed"), Output = At("here.efi") });
        ZbootRepackResult repacked = Repack(new() { Image = At("vmlinuz.efi"), Replacement = At("signed"), Output = At("repacked.efi") });
        repacked.Inner.ShouldBeNull();
        File.ReadAllBytes(At("repacked.efi")).ShouldBe(File.ReadAllBytes(At("here.efi")));

        // Back to the unsigned kernel, which is padded as its build did.
        Repack(new() { Image = At("here.efi"), Replacement = At("Image"), Output = At("repacked.efi") });
        Extract("repacked.efi");
        byte[] kernel = File.ReadAllBytes(At("kernel")), image = File.ReadAllBytes(At("Image"));
        kernel.Length.ShouldBe(SmallKernel.ImageSize);
        kernel[..image.Length].ShouldBe(image);
        kernel.AsSpan(image.Length).ContainsAnyExcept((byte)0).ShouldBeFalse();
    }

    [SkippableFact]
    public void Another_kernel_and_a_signed_one_that_is_too_short_are_refused()
    {
        Build(ZbootCompression.Gzip, Loose);
        File.WriteAllBytes(At("debian"), File.ReadAllBytes(DebianKernels.Cloud().Path));
        Refusal.Of("KS3119", () => Repack(new() { Image = At("vmlinuz.efi"), Replacement = At("debian"), Output = At("repacked.efi") }), ".text");
        SignOperation.Definition.Run(new() { Files = [At("Image")], Signing = _bench.Identity(TestSigners.Rsa2048), Output = At("short") }, _bench.Context);
        Refusal.Of("KS3106", () => Repack(new() { Image = At("vmlinuz.efi"), Replacement = At("short"), Output = At("repacked.efi") }), $"0x{SmallKernel.ImageSize:x}");
        Refusal.Of("KS3010", () => Repack(new() { Image = At("vmlinuz.efi"), Output = At("repacked.efi") }), "--key");
        File.Exists(At("repacked.efi")).ShouldBeFalse();
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip, "gzip")]
    [InlineData(ZbootCompression.Zstd, "zstd")]
    public void Other_programs_read_the_filled_payload(ZbootCompression compression, string program)
    {
        Tool.Require(program);
        Build(compression, Loose);
        ZbootRepackResult repacked = Repack(Options());
        repacked.Filler.ShouldNotBeNull().ShouldBeGreaterThan(0);
        Extract("repacked.efi");
        File.WriteAllBytes(At("payload"), File.ReadAllBytes(At("repacked.efi")).AsSpan((int)repacked.PayloadOffset, (int)repacked.PayloadSize));
        Tool.Run("sh", "-c", $"{program} -dc < '{At("payload")}' > '{At("unpacked")}'");
        File.ReadAllBytes(At("unpacked")).ShouldBe(File.ReadAllBytes(At("kernel")));
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void A_signed_image_gives_the_same_as_an_unsigned_one_and_so_does_a_repacked_one(ZbootCompression compression)
    {
        Tool.Require("sbsign");
        Build(compression, Loose);
        Repack(Options());
        byte[] once = File.ReadAllBytes(At("repacked.efi"));

        // sbsign leaves a checksum, which would be wrong afterwards.
        Tool.Run("sbsign", "--key", TestSigners.Other.KeyFile(_bench.Folder), "--cert", TestSigners.Other.CertificateFile(_bench.Folder),
            "--output", At("outer.efi"), At("vmlinuz.efi"));
        Repack(Options() with { Image = At("outer.efi") }).WasSigned.ShouldBeTrue();
        File.ReadAllBytes(At("repacked.efi")).ShouldBe(once);

        Repack(Options() with { Image = At("repacked.efi"), Existing = ExistingSignatures.Replace, Output = At("again.efi") });
        File.ReadAllBytes(At("again.efi")).ShouldBe(once);
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip, 12)]
    [InlineData(ZbootCompression.Zstd, 22)]
    public void Says_by_how_many_bytes_it_does_not_fit_and_links_anew_from_a_kit(ZbootCompression compression, int level)
    {
        ZbootBuildResult built = Build(compression, level);
        RefusesWithoutTrace("KS3115", Options()).ShouldContain($"has 0x{built.PayloadSize:x}");

        ZbootRepackResult repacked = Repack(Options() with { Kit = _kit.Require() });
        repacked.KitSha256.ShouldBe(built.KitSha256);
        repacked.Filler.ShouldBeNull();
        ZbootBuildOperation.Definition.Run(
            new ZbootBuildOptions { Kit = _kit.Require(), Image = At("Image"), Compression = compression, Signing = _bench.Identity(TestSigners.Rsa2048), Output = At("built.efi") },
            _bench.Context);
        File.ReadAllBytes(At("repacked.efi")).ShouldBe(File.ReadAllBytes(At("built.efi")));
        _bench.Warnings.ShouldHaveSingleItem().ShouldContain("linking anew");
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip, 12)]
    [InlineData(ZbootCompression.Zstd, 22)]
    public void Chain_certificates_are_left_out_only_when_that_is_allowed_and_needed(ZbootCompression compression, int level)
    {
        Build(compression, level, TestSigners.Leaf);
        ZbootRepackOptions options = Options() with { Existing = ExistingSignatures.Replace, Signing = _bench.Identity(TestSigners.Leaf, chain: true) };
        RefusesWithoutTrace("KS3115", options).ShouldContain("--may-drop-chain");

        ZbootRepackResult repacked = Repack(options with { MayDropChain = true });
        repacked.MadeToFit.ShouldNotBeNull().ShouldContain("chain");
        _bench.Warnings.ShouldHaveSingleItem().ShouldContain("certificate of its issuer is left out");
        repacked.Filler.ShouldBe(0);
        File.ReadAllBytes(At("repacked.efi")).ShouldBe(File.ReadAllBytes(At("vmlinuz.efi")));

        Build(compression, Loose, TestSigners.Rsa4096);
        Repack(options with { MayDropChain = true }).MadeToFit.ShouldBeNull();
        _bench.Warnings.Count.ShouldBe(1);
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip, 12)]
    [InlineData(ZbootCompression.Zstd, 22)]
    public void A_smaller_key_that_is_offered_signs_only_when_the_other_does_not_fit(ZbootCompression compression, int level)
    {
        Tool.Require("sbverify");
        Build(compression, level, TestSigners.Rsa2048);
        ZbootRepackOptions options = Options() with { Existing = ExistingSignatures.Replace, Signing = _bench.Identity(TestSigners.Rsa4096) };
        RefusesWithoutTrace("KS3115", options).ShouldContain("--smaller-key");
        RefusesWithoutTrace("KS3115", options with { Smaller = _bench.Identity(TestSigners.Rsa3072) });

        ZbootRepackResult repacked = Repack(options with { Smaller = _bench.Identity(TestSigners.P256), SignedImage = At("signed"), Kit = _kit.Require() });
        repacked.KitSha256.ShouldBeNull();
        repacked.Inner.ShouldNotBeNull().Signer.ShouldBe("CN=test p256");
        repacked.MadeToFit.ShouldNotBeNull().ShouldContain("CN=test p256");
        repacked.Filler.ShouldNotBeNull().ShouldBeInRange(300, 900);
        _bench.Warnings.ShouldHaveSingleItem().ShouldContain("--smaller-key signs");
        Extract("repacked.efi");
        File.ReadAllBytes(At("kernel")).ShouldBe(File.ReadAllBytes(At("signed")));
        Tool.Run("sbverify", "--cert", TestSigners.P256.CertificateFile(_bench.Folder), At("kernel"));

        // The kit has room for what was wanted.
        repacked = Repack(options with { Smaller = _bench.Identity(TestSigners.Rsa3072), Kit = _kit.Require() });
        repacked.Inner.ShouldNotBeNull().Signer.ShouldBe("CN=test rsa 4096");
        repacked.KitSha256.ShouldNotBeNull();
        repacked.MadeToFit.ShouldBeNull();

        Build(compression, Loose);
        Repack(Options() with { Smaller = _bench.Identity(TestSigners.P256) }).Inner.ShouldNotBeNull().Signer.ShouldBe("CN=test rsa 2048");
    }

    [SkippableFact]
    public void A_smaller_key_needs_its_certificate_and_the_key_whose_place_it_takes()
    {
        Build(ZbootCompression.Gzip, Loose);
        SigningOptions smaller = _bench.Identity(TestSigners.P256);
        RefusesWithoutTrace("KS3010", Options() with { Smaller = smaller with { Certificate = null } }).ShouldContain("--smaller-cert");
        RefusesWithoutTrace("KS3010", Options() with { Smaller = smaller with { Key = null } }).ShouldContain("--smaller-key");
        RefusesWithoutTrace("KS3010", Options() with { Replacement = At("Image"), Signing = new(), Smaller = smaller }).ShouldContain("--key");
        RefusesWithoutTrace("KS3010", Options() with { Replacement = At("Image"), Signing = new(), MayDropChain = true }).ShouldContain("--key");
    }

    [SkippableFact]
    public void Refuses_what_it_cannot_sign()
    {
        Build(ZbootCompression.Gzip, Loose);
        RefusesWithoutTrace("KS1201", Options() with { Image = At("Image") });
        RefusesWithoutTrace("KS3010", Options() with { Signing = new() });
        RefusesWithoutTrace("KS3005", Options() with { Output = At("vmlinuz.efi") });
        Repack(Options());
        RefusesWithoutTrace("KS3021", Options() with { Image = At("repacked.efi"), Output = At("again.efi") });

        _bench.Folder.File("elf.efi", TestZboot.Gzip([0x7F, .. "ELF"u8, 2, 1, 1, .. new byte[4096]]).Bytes);
        RefusesWithoutTrace("KS3118", Options() with { Image = At("elf.efi") });

        byte[] damaged = File.ReadAllBytes(At("vmlinuz.efi"));
        Layout layout = Layout.Of(damaged);
        ZbootHeader header = ZbootHeader.Read(PeReader.Read(layout), layout);
        damaged[header.PayloadOffset + header.PayloadSize / 2] ^= 0xFF;
        _bench.Folder.File("damaged.efi", damaged);
        RefusesWithoutTrace("KS1206", Options() with { Image = At("damaged.efi") });
    }

    public void Dispose() => _bench.Dispose();

    private string At(string name) => _bench.Folder.At(name);

    private ZbootRepackOptions Options() => new() { Image = At("vmlinuz.efi"), Signing = _bench.Identity(TestSigners.Rsa2048), Output = At("repacked.efi") };

    private ZbootBuildResult Build(ZbootCompression compression, int level, TestSigner? signer = null) => ZbootBuildOperation.Definition.Run(
        new ZbootBuildOptions
        {
            Kit = _kit.Require(),
            Image = At("Image"),
            Compression = compression,
            Level = level,
            Signing = signer is null ? new() : _bench.Identity(signer),
            Output = At("vmlinuz.efi"),
        },
        _bench.Context);

    private ZbootRepackResult Repack(ZbootRepackOptions options) => ZbootRepackOperation.Definition.Run(options, _bench.Context);

    private void Extract(string name) =>
        ZbootExtractOperation.Definition.Run(new ZbootExtractOptions { Image = At(name), Output = At("kernel") }, _bench.Context);

    private string RefusesWithoutTrace(string code, ZbootRepackOptions options)
    {
        var before = _bench.Folder.Names().ToDictionary(f => f, f => Sha256(File.ReadAllBytes(At(f))));
        string message = Refusal.Of(code, () => Repack(options)).Message;
        _bench.Folder.Names().ToDictionary(f => f, f => Sha256(File.ReadAllBytes(At(f)))).ShouldBe(before, ignoreOrder: true);
        return message;
    }

    private static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
