using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Zboot;
using KexecSign.Fixtures;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Signing;
using KexecSign.Tests.Zboot;
using KexecSign.Zboot;

namespace KexecSign.Tests.Commands.Zboot;

[Collection(CapturedKitCollection.Name)]
public sealed class ZbootBuildTests : IDisposable
{
    private readonly CapturedKit _kit;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-build-");

    public ZbootBuildTests(CapturedKit kit)
    {
        _kit = kit;
        File.WriteAllBytes(At("Image"), SmallKernel.Image());
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void What_is_extracted_is_the_Image_padded_to_image_size(ZbootCompression compression)
    {
        ZbootBuildResult built = Build(Options() with { Compression = compression });
        ZbootExtractResult extracted = Extract("vmlinuz.efi");
        byte[] image = SmallKernel.Image();
        byte[] kernel = File.ReadAllBytes(At("kernel"));
        kernel.Length.ShouldBe(SmallKernel.ImageSize);
        kernel[..image.Length].ShouldBe(image);
        kernel[image.Length..].ShouldAllBe(b => b == 0);
        built.CodeSize.ShouldBe(SmallKernel.CodeSize);
        built.ImageLength.ShouldBe(SmallKernel.ImageSize);
        extracted.ShouldBe(new ZbootExtractResult(
            At("kernel"), SmallKernel.ImageSize, Sha256(kernel), compression.ToString().ToLowerInvariant(), ImageArchitecture.Arm64, SmallKernel.ImageSize, true, false, null)
        {
            What = "Arm64 Image",
        });
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void Two_builds_give_the_same_bytes_and_the_numbers_are_those_of_the_file(ZbootCompression compression)
    {
        ZbootBuildResult one = Build(Options() with { Compression = compression });
        ZbootBuildResult other = Build(Options("again.efi") with { Compression = compression });
        byte[] file = File.ReadAllBytes(At("vmlinuz.efi"));
        File.ReadAllBytes(At("again.efi")).ShouldBe(file);
        one.ShouldBe(other with { File = one.File });
        one.Sha256.ShouldBe(Sha256(file));
        one.Size.ShouldBe(file.Length);
        one.PayloadSha256.ShouldBe(Sha256(file.AsSpan((int)one.PayloadOffset, (int)one.PayloadSize)));
        one.KitSha256.ShouldBe(Sha256(File.ReadAllBytes(_kit.Require())));
        Layout layout = Layout.Of(file);
        ZbootHeader.Read(PeReader.Read(layout), layout).ShouldBe(new((uint)one.PayloadOffset, (uint)one.PayloadSize, compression.ToString().ToLowerInvariant()));
    }

    [SkippableFact]
    public void The_Image_inside_is_signed_to_be_exactly_image_size_long()
    {
        Tool.Require("sbverify");
        ZbootBuildOptions options = Signed(Options()) with { SignedImage = At("signed") };
        ZbootBuildResult built = Build(options);
        ZbootExtractResult extracted = Extract("vmlinuz.efi");
        extracted.IsSigned.ShouldBeTrue();
        extracted.IsImageSize.ShouldBe(true);
        extracted.Signer.ShouldBe("CN=kexec test");
        built.Inner!.Sha256.ShouldBe(extracted.Sha256);
        built.Inner.Signer.ShouldBe("CN=kexec test");
        (built.Inner.CertificateTableOffset + built.Inner.CertificateTableSize).ShouldBe(SmallKernel.ImageSize);
        File.ReadAllBytes(At("signed")).ShouldBe(File.ReadAllBytes(At("kernel")));
        Tool.Run("sbverify", "--cert", At("cert.pem"), At("kernel"));
        // What "sign --fit" makes of the same Image.
        SignOperation.Definition.Run(
            new SignOptions { Files = [At("Image")], Signing = options.Signing, Fit = true, Output = At("fitted") }, CapturedKit.Context());
        File.ReadAllBytes(At("fitted")).ShouldBe(File.ReadAllBytes(At("signed")));
        // A signed Image of that length goes in as it is.
        Build(Options("again.efi") with { Image = At("signed") });
        File.ReadAllBytes(At("again.efi")).ShouldBe(File.ReadAllBytes(At("vmlinuz.efi")));
        // Signing it once more is something to be asked for.
        Refusal.Of("KS3021", () => Build(Signed(Options()) with { Image = At("signed") }), At("signed") + ": ");
        Build(Signed(Options("again.efi"), "kexec test of a longer name, whose table is longer") with { Image = At("signed"), Existing = ExistingSignatures.Replace })
            .Inner!.CertificateTableSize.ShouldBeGreaterThan(built.Inner.CertificateTableSize);
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void The_linker_of_LLVM_makes_the_same_headers_and_puts_the_same_kernel_in(ZbootCompression compression)
    {
        Tool.Require("ld.lld");
        Tool.Require("llvm-objcopy");
        Build(Options() with { Compression = compression });
        ZbootBuildResult built = Build(Options("lld.efi") with { Compression = compression, Linker = LinkerFamily.Lld });
        byte[] gnu = File.ReadAllBytes(At("vmlinuz.efi")), llvm = File.ReadAllBytes(At("lld.efi"));
        llvm.ShouldNotBe(gnu, "both were linked by the same program");
        llvm[..0x1000].ShouldBe(gnu[..0x1000]);
        int start = (int)built.PayloadOffset, end = start + (int)built.PayloadSize;
        llvm[start..end].ShouldBe(gnu[start..end]);
        Extract("lld.efi");
    }

    // The zeros between the last section and the certificate table are under the signature all the same; sbsign warns of them. To make them
    // a part of .data, its SizeOfRawData would have to be image_size less a table, which is no multiple of FileAlignment: signers differ in
    // how they hash such a section's end.
    [SkippableFact]
    public void Padding_stays_behind_the_last_section_because_that_could_not_end_where_the_table_begins()
    {
        Tool.Require("sbverify");
        Build(Signed(Options() with { SignedImage = At("signed") }));
        Layout before = Layout.Of(File.ReadAllBytes(At("Image"))), after = Layout.Of(File.ReadAllBytes(At("signed")));
        PeImage image = PeReader.Read(before), signed = PeReader.Read(after);
        PeSection data = signed.Sections[^1];
        data.ShouldBe(image.Sections[^1]);
        Tool.Run("sbverify", "--cert", At("cert.pem"), At("signed"));

        uint grown = signed.CertificateTable.Address - data.PointerToRawData;
        (grown % signed.FileAlignment).ShouldNotBe(0u);
        int field = signed.SectionTableOffset + ((signed.Sections.Length - 1) * 40) + 16;
        Layout wrong = after.Slice(0, signed.CertificateTable.Address).OverwriteUInt32(field, grown);
        wrong = wrong.Overwrite(signed.OptionalHeaderOffset + 112 + 32, new byte[8]);
        PeCanonical.Violations(PeReader.Read(wrong), wrong).ShouldHaveSingleItem().Code.Id.ShouldBe("KS1015");
    }

    [SkippableFact]
    public void Rows_of_SBAT_get_a_section_of_their_own_that_binutils_read()
    {
        Tool.Require("aarch64-linux-gnu-objcopy");
        File.WriteAllText(At("rows.csv"), "linux.debian,1,Debian,linux,6.12.1,https://tracker.debian.org/pkg/linux\r\n\n");
        Build(Options() with { Sbat = At("rows.csv") });
        Tool.Run("aarch64-linux-gnu-objcopy", "-O", "binary", "--only-section=.sbat", At("vmlinuz.efi"), At("sbat"));
        File.ReadAllText(At("sbat")).TrimEnd('\0').ShouldBe(
            "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\nlinux.debian,1,Debian,linux,6.12.1,https://tracker.debian.org/pkg/linux\n");
        Extract("vmlinuz.efi");

        File.WriteAllText(At("rows.csv"), "linux.debian,one,Debian\n");
        RefusesWithoutTrace("KS1701", Options() with { Sbat = At("rows.csv") });
    }

    [Fact]
    public void Rows_of_SBAT_join_those_that_are_there_as_far_as_there_is_room()
    {
        var image = Layout.Of(SmallKernel.Image());
        File.WriteAllText(At("rows.csv"), "linux,1,Linux,linux,6,https://kernel.org\n");
        Layout once = SbatSection.Put(image, At("rows.csv"));
        File.WriteAllText(At("rows.csv"), "linux,1,Linux,linux,6,https://kernel.org\nlinux.distribution,2,D,linux,6,https://d.example\n");
        Layout twice = SbatSection.Put(once, At("rows.csv"));
        twice.Length.ShouldBe(once.Length);
        string table = System.Text.Encoding.UTF8.GetString(twice.ReadBytes(PeReader.Read(twice).FindSection(".sbat")!.PointerToRawData, 512)).TrimEnd('\0');
        table.Split('\n').Length.ShouldBe(4);
        table.ShouldEndWith("linux.distribution,2,D,linux,6,https://d.example\n");

        File.WriteAllText(At("rows.csv"), $"linux.other,2,{new string('x', 512)},linux,6,https://d.example\n");
        Refusal.Of("KS3120", () => SbatSection.Put(once, At("rows.csv")), "0x200");
    }

    [SkippableFact]
    public void An_Image_taken_out_of_a_zboot_image_can_be_signed_and_put_back()
    {
        Build(Options());
        Extract("vmlinuz.efi");
        ZbootBuildOptions signed = Signed(Options());
        ZbootBuildResult once = Build(signed), again = Build(signed with { Image = At("kernel") });
        again.ShouldBe(once);
    }

    [SkippableFact]
    public void Refuses_a_signed_Image_that_would_have_to_be_padded()
    {
        ZbootBuildOptions options = Signed(Options());
        SignOperation.Definition.Run(new SignOptions { Files = [At("Image")], Signing = options.Signing, Output = At("short") }, CapturedKit.Context());
        RefusesWithoutTrace("KS3106", Options() with { Image = At("short") }).ShouldContain($"but image_size is 0x{SmallKernel.ImageSize:x}");
    }

    [SkippableFact]
    public void Refuses_an_Image_of_another_machine_or_without_code_section()
    {
        File.WriteAllBytes(At("Image"), SmallKernel.Image(PeConstants.MachineRiscV64, 0x05435352));
        RefusesWithoutTrace("KS3104", Options()).ShouldContain("the kit is for arm64 but the Image is for riscv64");
        File.WriteAllBytes(At("Image"), SmallKernel.Image(PeConstants.MachineAmd64));
        RefusesWithoutTrace("KS3104", Options());
        File.WriteAllBytes(At("Image"), SmallKernel.Image(codeSection: ".code"));
        RefusesWithoutTrace("KS3107", Options());
    }

    [SkippableFact]
    public void Names_the_linker_that_is_missing_and_its_package() =>
        RefusesWithoutTrace("KS5002", Options(), path: _folder.FullName)
            .ShouldMatch("the program aarch64-linux-gnu-(ld|objcopy) .*apt install binutils-aarch64-linux-gnu");

    [SkippableFact]
    public void Refuses_a_kit_that_was_tampered_with()
    {
        byte[] kit = File.ReadAllBytes(_kit.Require());
        kit[kit.AsSpan().IndexOf("ENTRY(__efistub"u8)] ^= 0x20;
        File.WriteAllBytes(At("bad.kit"), kit);
        RefusesWithoutTrace("KS3102", Options() with { Kit = At("bad.kit") }).ShouldContain("zboot.lds");
    }

    [SkippableTheory]
    [InlineData("LONG(zboot_code_size)", "LONG(0)", "KS3105", "zboot_code_size is 0x")]
    [InlineData("*(.gzdata)", "*(.gzdata) LONG(1)", "KS3105", "payload's size is 0x")]
    [InlineData("ENTRY(", "NTRY(", "KS3757", "NTRY")]
    public void Refuses_what_a_wrong_link_script_makes(string what, string with, string code, string says)
    {
        ZbootKit kit = ZbootKit.Open(_kit.Require());
        ZbootKitStub stub = kit.Stub(ZbootCompression.Gzip);
        byte[] script = Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(kit.Content(stub.LinkScript)).Replace(what, with, StringComparison.Ordinal));
        var objects = new StubObjects(ZbootCompression.Gzip, true, true, kit.Content(stub.Library), kit.Content(stub.Header), script);
        Layout packed = ZbootKit.Pack(kit.Manifest with { Schema = 2, Stubs = [objects.Describe()], ConfigurationFile = null, Security = null }, objects.Files());
        File.WriteAllBytes(At("wrong.kit"), packed.ReadBytes(0, packed.Length));
        RefusesWithoutTrace(code, Options() with { Kit = At("wrong.kit") }).ShouldContain(says);
    }

    [SkippableFact]
    public void Takes_a_ready_payload_of_the_same_Image_and_no_other()
    {
        ZbootBuildResult built = Build(Options() with { Compression = ZbootCompression.Zstd });
        byte[] payload = File.ReadAllBytes(At("vmlinuz.efi")).AsSpan((int)built.PayloadOffset, (int)built.PayloadSize + 4).ToArray();
        File.WriteAllBytes(At("payload"), payload);
        ZbootBuildOptions ready = Options("again.efi") with { Compression = ZbootCompression.Zstd, Payload = At("payload") };
        Build(ready).Level.ShouldBeNull();
        File.ReadAllBytes(At("again.efi")).ShouldBe(File.ReadAllBytes(At("vmlinuz.efi")));
        File.WriteAllBytes(At("payload"), payload[..^4]);
        RefusesWithoutTrace("KS3108", ready with { Output = At("vmlinuz.efi") });
        RefusesWithoutTrace("KS3011", ready with { Level = 3 });
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip, 12)]
    [InlineData(ZbootCompression.Zstd, 22)]
    public void The_smallest_is_no_larger_and_holds_the_same(ZbootCompression compression, int level)
    {
        long usual = Build(Options() with { Compression = compression }).PayloadSize;
        ZbootBuildResult smallest = Build(Options("small.efi") with { Compression = compression, Smallest = true });
        smallest.Level.ShouldBe(level);
        // With next to nothing at any distance, what long matches cost shows: some bytes.
        smallest.PayloadSize.ShouldBeLessThanOrEqualTo(usual + 64);
        Extract("vmlinuz.efi").Sha256.ShouldBe(Extract("small.efi").Sha256);
    }

    [SkippableFact]
    public void Refuses_levels_and_options_that_make_no_sense()
    {
        RefusesWithoutTrace("KS3012", Options() with { Level = 13 }).ShouldContain("1 to 12 for gzip");
        RefusesWithoutTrace("KS3012", Options() with { Compression = ZbootCompression.Zstd, Level = 0 }).ShouldContain("1 to 22 for zstd");
        RefusesWithoutTrace("KS3011", Options() with { Level = 3, Smallest = true });
        RefusesWithoutTrace("KS3011", Options() with { Payload = At("Image"), Smallest = true });
        RefusesWithoutTrace("KS3010", Options() with { SignedImage = At("signed") });
        RefusesWithoutTrace("KS3010", Options() with { Kit = null });
        RefusesWithoutTrace("KS3005", Options() with { Output = At("Image") });
        RefusesWithoutTrace("KS3003", Options() with { Output = At("nowhere/vmlinuz.efi") });
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private ZbootBuildOptions Options(string output = "vmlinuz.efi") => new() { Kit = _kit.Require(), Image = At("Image"), Output = At(output) };

    private ZbootBuildOptions Signed(ZbootBuildOptions options, string name = "kexec test")
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest(new X500DistinguishedName($"CN=\"{name}\""), key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(At("key.pem"), key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(At("key.pem"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(At("cert.pem"), certificate.ExportCertificatePem());
        return options with { Signing = new() { Key = "file:" + At("key.pem"), Certificate = At("cert.pem") } };
    }

    private static ZbootBuildResult Build(ZbootBuildOptions options) => ZbootBuildOperation.Definition.Run(options, CapturedKit.Context());

    private ZbootExtractResult Extract(string name) =>
        ZbootExtractOperation.Definition.Run(new ZbootExtractOptions { Image = At(name), Output = At("kernel") }, CapturedKit.Context());

    // Neither an output nor a half-written one is left, and what stood there stays.
    private string RefusesWithoutTrace(string code, ZbootBuildOptions options, string? path = null)
    {
        var before = Directory.EnumerateFileSystemEntries(_folder.FullName).ToDictionary(f => f, f => Sha256(File.ReadAllBytes(f)));
        string message = Refusal.Of(code, () => ZbootBuildOperation.Definition.Run(options, CapturedKit.Context(path))).Message;
        Directory.EnumerateFileSystemEntries(_folder.FullName).ToDictionary(f => f, f => Sha256(File.ReadAllBytes(f))).ShouldBe(before, ignoreOrder: true);
        return message;
    }

    private static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
