using KexecSign.Commands.Inspect;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Inspection;

namespace KexecSign.Tests.Commands.Inspect;

public sealed class InspectOperationTests : IDisposable
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData("", "unknown")]
    [InlineData("4D5A", "unknown")]
    [InlineData("1F8B08000000000000030300", "gzip data")]
    [InlineData("68656C6C6F", "unknown")]
    [InlineData("7F454C460201010000000000000000000100B70001000000000000000000000000000000000000000000000000000000400000000000400000000000", "ELF file")]
    public void Names_what_is_no_image(string hex, string kind) => Inspect(Convert.FromHexString(hex)).Kind.ShouldStartWith(kind);

    [Fact]
    public void Names_images()
    {
        Inspect(TestImage.Arm64().Bytes).Kind.ShouldBe("arm64 kernel Image, unsigned");
        Inspect(TestImage.Arm64().U32(56, 0).Bytes).Kind.ShouldBe("EFI image, unsigned");
        TestImage uki = TestImage.Arm64().U32(56, 0);
        ".linux\0\0"u8.CopyTo(uki.Bytes.AsSpan(uki.SectionTable));
        Inspect(uki.Bytes).Kind.ShouldBe("unified kernel image (UKI), unsigned");
        Inspect(TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes).Kind.ShouldBe("EFI zboot kernel (vmlinuz.efi), unsigned");
    }

    [SkippableFact]
    public void Names_what_comes_with_images()
    {
        TestSigner signer = TestSigners.Rsa2048;
        string certificate = signer.CertificateFile(_bench.Folder), output = _bench.Folder.Folder("enrolment");
        KexecSign.Commands.Keys.KeysEnrollOperation.Definition.Run(
            new() { PlatformKey = certificate, PlatformSigner = signer.KeyFile(_bench.Folder), Output = output }, _bench.Context);
        InspectResult update = Inspect(File.ReadAllBytes(Path.Combine(output, "PK.auth")));
        update.Kind.ShouldContain(".auth");
        update.Traps.ShouldBeEmpty();
        update.Fields.ShouldContain(f => f.Name == "certificate" && f.Value.Contains("CN=test rsa 2048"));
        update.Fields.ShouldContain(f => f.Name == "time");

        byte[] lists = SignatureList.EncodeAll([SignatureList.Of(signer.Certificate, Guid.NewGuid()), SignatureList.OfSha256([new byte[32]], Guid.NewGuid())]);
        InspectResult list = Inspect(lists);
        list.Kind.ShouldContain(".esl");
        list.Fields.Select(f => f.Name).ShouldBe(["certificate", "SHA-256 digest"]);

        byte[] signed = File.ReadAllBytes(_bench.SignedImage(signer));
        PeImage image = PeReader.Read(Layout.Of(signed));
        byte[] table = Layout.Of(signed).ReadBytes(image.CertificateTable.Address, image.CertificateTable.Size);
        byte[] pkcs7 = CertificateTable.Read(image, Layout.Of(signed))[0].Pkcs7().ToArray();
        foreach (byte[] form in (byte[][])[pkcs7, table, System.Text.Encoding.ASCII.GetBytes(System.Security.Cryptography.PemEncoding.WriteString("PKCS7", pkcs7))])
        {
            InspectResult found = Inspect(form);
            found.Kind.ShouldBe("PKCS#7 SignedData");
            found.Fields.ShouldContain(new InspectedField("signature holds", "yes"));
        }
        // A broken one is named, and told to be broken.
        InspectResult cut = Inspect(lists.AsSpan()[..^1].ToArray());
        (cut.Kind, cut.Traps.Length).ShouldBe(("EFI signature lists (.esl)", 1));
    }

    [SkippableFact]
    public void Shows_a_kernel_as_it_is()
    {
        DebianKernel kernel = DebianKernels.Unsigned();
        InspectResult result = Inspect(kernel.Path);
        (result.Kind, result.Architecture, result.PageSizeKiB, result.Canonical).ShouldBe(("arm64 kernel Image, unsigned", "arm64", 4, true));
        result.AuthenticodeSha256.ShouldBe(ToolDigests.Pesign(kernel.Path));
        result.ImageSize.ShouldBe(result.SizeOfImage);
        result.Sections.Select(s => s.Name).ShouldBe([".text", ".data"]);
        result.Traps.ShouldBeEmpty();
    }

    [SkippableFact]
    public void Shows_who_signed_a_kernel()
    {
        InspectResult result = Inspect(DebianKernels.Signed().Path);
        InspectedSignature signature = result.Signatures.ShouldHaveSingleItem();
        signature.Signer!.ShouldContain("Debian Secure Boot Signer");
        signature.Issuer!.ShouldContain("Debian Secure Boot CA");
        (signature.DigestMatches, signature.SignatureHolds).ShouldBe((true, true));
        signature.Digest.ShouldBe("SHA256 " + result.AuthenticodeSha256);
    }

    [Fact]
    public void Notices_a_changed_byte()
    {
        byte[] signed = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048));
        signed[0x1234] ^= 1;
        InspectedSignature signature = Inspect(signed).Signatures.ShouldHaveSingleItem();
        (signature.DigestMatches, signature.SignatureHolds).ShouldBe((false, true));
    }

    [SkippableTheory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    [InlineData("zstd22")]
    public void Looks_into_a_payload(string compression)
    {
        byte[] kernel = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048));
        InspectResult result = Inspect((compression == "gzip" ? TestZboot.Gzip(kernel) : TestZboot.Zstd(kernel, _bench.Folder, compression)).Bytes);
        result.Payload!.UncompressedSize.ShouldBe(kernel.Length);
        result.Inner!.Kind.ShouldBe("arm64 kernel Image, signed");
        result.Inner.Signatures.ShouldHaveSingleItem().DigestMatches.ShouldBeTrue();
        result.Traps.ShouldBeEmpty();
    }

    [Fact]
    public void A_broken_payload_is_a_trap()
    {
        TestImage zboot = TestZboot.Gzip(TestImage.Arm64().Bytes);
        zboot.Bytes.AsSpan((int)zboot.U32(8) + 10, 64).Fill(0xAA);
        InspectResult result = Inspect(zboot.Bytes);
        result.Kind.ShouldStartWith("EFI zboot");
        result.Inner.ShouldBeNull();
        result.Traps.ShouldHaveSingleItem().ShouldStartWith("KS120");
    }

    [Theory]
    [InlineData("bzip2", "'bzip2'")]
    [InlineData("xzkern", "the xzkern payload")]
    public void A_compression_that_no_kernel_has_or_a_payload_that_is_none_is_a_trap(string name, string told)
    {
        TestImage zboot = TestImage.Zboot(new byte[64], name);
        Inspect(zboot.Bytes).Traps.ShouldHaveSingleItem().ShouldContain(told);
    }

    [Fact]
    public void A_zboot_image_in_a_zboot_image_is_a_trap_and_not_opened()
    {
        TestImage inner = TestZboot.Gzip(TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes);
        InspectResult result = Inspect(inner.Bytes);
        result.Inner!.Traps.ShouldHaveSingleItem().ShouldContain("zboot image again");
        result.Inner.Inner.ShouldBeNull();
    }

    [Theory]
    [InlineData(ulong.MaxValue, "KS1106")]
    [InlineData(1ul << 63, "KS1106")]
    [InlineData(0x3000ul, "KS1103")]
    [InlineData(0ul, "KS1102")]
    public void A_wild_image_size_is_a_trap(ulong size, string code) =>
        Inspect(TestImage.Arm64().U64(16, size).Bytes).Traps.ShouldHaveSingleItem().ShouldStartWith(code);

    [Fact]
    public void A_gap_is_told_and_the_digest_is_the_kernels()
    {
        const int textEnd = TestImage.SizeOfHeaders + TestImage.TextSize;
        byte[] gapped = TestImage.Arm64().Insert(textEnd, 0x200).SectionField(1, 20, textEnd + 0x200).Bytes;
        InspectResult result = Inspect(gapped);
        result.Canonical.ShouldBe(false);
        result.Traps.ShouldContain(t => t.StartsWith("KS1012", StringComparison.Ordinal));
        result.AuthenticodeSha256.ShouldBe(Convert.ToHexStringLower(KexecSign.Formats.Authenticode.AuthenticodeDigest.Compute(
            KexecSign.Formats.Layouts.Layout.Of(gapped),
            KexecSign.Formats.Authenticode.AuthenticodeDigest.SectionRanges(KexecSign.Formats.Pe.PeReader.Read(KexecSign.Formats.Layouts.Layout.Of(gapped))),
            System.Security.Cryptography.HashAlgorithmName.SHA256)));
    }

    // Hashing each of them would take an hour.
    [Fact]
    public void Fifty_thousand_sections_over_the_same_bytes_are_not_hashed()
    {
        const int count = 50_000;
        TestImage image = TestImage.Arm64().Insert(TestImage.SizeOfHeaders, 0x200000);
        byte[] header = image.Bytes[image.SectionTable..(image.SectionTable + 40)];
        image.U16(image.Pe + 6, count).OptionalField(60, 0x201000);
        for (int i = 0; i < count; i++)
        {
            header.CopyTo(image.Bytes, image.SectionTable + 40 * i);
            image.SectionField(i, 16, (uint)image.Bytes.Length).SectionField(i, 20, 0);
        }
        InspectResult result = Inspect(image.Bytes);
        result.AuthenticodeSha256.ShouldBeNull();
        result.Canonical.ShouldBe(false);
    }

    [SkippableFact]
    public void Shows_a_parser_object_and_one_inside_an_image()
    {
        string parser = Parsers.Compile(_bench.Folder);
        Inspect(parser).ParserAbi.ShouldBe("V6OrV7");
        KexecSign.Commands.Bpf.BpfEmbedOperation.Definition.Run(
            new() { Image = _bench.Folder.File("image", TestImage.Arm64().Bytes), Parser = parser, Output = _bench.Folder.At("embedded") }, _bench.Context);
        Inspect(_bench.Folder.At("embedded")).ParserAbi.ShouldBe("V6OrV7");
    }

    [Fact]
    public void Tells_parser_ELFs_and_envelopes()
    {
        Inspect(Formats.Bpf.ParserElf.Write([new byte[8]], null)).Kind.ShouldBe("kexec BPF parser ELF");
        Layout envelope = new Formats.Bpf.ImageEnvelope(Layout.Of(new byte[1]), Layout.Of(new byte[1]), Formats.Bpf.ImageEnvelope.Section("")).Write(0xAA64);
        Inspect(envelope.ReadBytes(0, envelope.Length)).Kind.ShouldBe("kexec image envelope");
    }

    [Fact]
    public void A_map_is_drawn_of_images_alone_and_not_beside_a_comparison()
    {
        string image = _bench.Folder.File("image", TestImage.Arm64().Bytes), text = _bench.Folder.File("text", "text"u8), svg = _bench.Folder.At("map.svg");
        Refusal.Of("KS4700", () => InspectOperation.Definition.Run(new() { File = text, Map = true }, _bench.Context), "unknown");
        Refusal.Of("KS4700", () => InspectOperation.Definition.Run(new() { File = text, MapSvg = svg }, _bench.Context), "unknown");
        Refusal.Of("KS3011", () => InspectOperation.Definition.Run(new() { File = image, Diff = text, Map = true }, _bench.Context), "--diff", "--map");
        File.Exists(svg).ShouldBeFalse();
        InspectOperation.Definition.Run(new() { File = image, Diff = text, MapSvg = svg }, _bench.Context).Comparison.ShouldNotBeNull();
        File.ReadAllText(svg).ShouldStartWith("<svg");
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void What_was_written_is_told_whatever_else_is_shown(bool compared, bool drawn)
    {
        string image = _bench.Folder.File("image", TestImage.Arm64().Bytes), other = _bench.Folder.File("other", TestImage.Arm64(seed: 2).Bytes), output = _bench.Folder.At("text");
        InspectResult result = InspectOperation.Definition.Run(
            new() { File = image, Diff = compared ? other : null, Map = drawn, Extract = ".text", Output = output }, _bench.Context);
        result.View().Tables[^1].Rows.ShouldContain(row => row[1] == output);
    }

    [Fact]
    public void All_that_is_read_and_written_is_planned() => ((KexecSign.Core.Reports.PlannedResult)InspectOperation.Definition.Run(
        (object)new InspectOptions { File = "new", Diff = "old", Extract = ".text", Output = "out", MapSvg = "map.svg" }, new() { Keyring = new(), DryRun = true }))
            .Steps.Select(step => $"{step.Action} {step.What}").ShouldBe(["read old", "read new", "write out", "write map.svg"]);

    [Fact]
    public void A_missing_file_is_an_error() => Refusal.Of("KS3001", () => Inspect(_bench.Folder.At("none")));

    public void Dispose() => _bench.Dispose();

    private InspectResult Inspect(ReadOnlySpan<byte> content) => Inspect(_bench.Folder.File("file", content));

    private InspectResult Inspect(string path)
    {
        InspectResult result = InspectOperation.Definition.Run(new() { File = path }, _bench.Context);
        result.View();
        result.Exit.ShouldBe(ExitCode.Done);
        return result;
    }
}
