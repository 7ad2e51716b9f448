using KexecSign.Commands.Bpf;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Parsers;

namespace KexecSign.Tests.Commands.Bpf;

/// <summary>Parsers in and out of images, judged by the compiler's objects, objdump, pesign and sbsign.</summary>
public sealed class BpfOperationTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData("kexec_image_parser_anchor", ParserAbi.V6OrV7)]
    [InlineData("bpf_handle_pefile", ParserAbi.V5)]
    public void What_goes_in_comes_out_byte_for_byte(string hook, ParserAbi abi)
    {
        string parser = Parsers.Compile(_bench.Folder, hook);
        BpfEmbedResult embedded = Embed(TestZboot.Gzip(TestImage.Arm64().Bytes), parser);
        BpfExtractResult extracted = Extract(embedded.File);
        File.ReadAllBytes(extracted.File).ShouldBe(File.ReadAllBytes(parser));
        (embedded.Parser.Abi, extracted.Abi).ShouldBe((abi, abi));
        extracted.Sha256.ShouldBe(embedded.Parser.Sha256);
        _bench.Warnings.ShouldBeEmpty();
    }

    [SkippableFact]
    public void Objdump_sees_the_section_where_the_report_says()
    {
        BpfEmbedResult embedded = Embed(TestImage.Arm64(), Parsers.Compile(_bench.Folder));
        string headers = Tool.Run("aarch64-linux-gnu-objdump", "-h", embedded.File);
        headers.ShouldContain("pei-aarch64-little");
        headers.Split('\n').ShouldContain(line => line.Contains(".bpf") && line.Contains($"{embedded.Parser.SectionSize:x8}") && line.Contains($"{embedded.Parser.SectionOffset:x8}"));
    }

    [SkippableFact]
    public void The_tools_agree_on_the_digest_and_signatures_hold()
    {
        BpfEmbedResult embedded = Embed(TestZboot.Gzip(TestImage.Arm64().Bytes), Parsers.Compile(_bench.Folder));
        string ours = _bench.Sign(embedded.File, TestSigners.Rsa2048).Signed[0].ImageDigest;
        ToolDigests.Pesign(embedded.File).ShouldBe(ours);
        ToolDigests.Osslsigncode(_bench.Folder.At("signed")).ShouldBe((ours, ours));
        string certificate = TestSigners.Rsa2048.CertificateFile(_bench.Folder);
        Tool.Ask("sbverify", "--cert", certificate, _bench.Folder.At("signed")).Exit.ShouldBe(0);
        Tool.Run("sbsign", "--key", TestSigners.Rsa2048.KeyFile(_bench.Folder), "--cert", certificate, "--output", _bench.Folder.At("theirs"), embedded.File)
            .ShouldNotContain("warning");
        Tool.Ask("sbverify", "--cert", certificate, _bench.Folder.At("theirs")).Exit.ShouldBe(0);
        Extract(_bench.Folder.At("signed"));
    }

    [SkippableFact]
    public void Existing_bytes_stay_where_they_are()
    {
        TestImage image = TestZboot.Gzip(TestImage.Arm64().Bytes);
        byte[] after = File.ReadAllBytes(Embed(image, Parsers.Compile(_bench.Folder)).File);
        after[TestImage.SizeOfHeaders..image.Bytes.Length].ShouldBe(image.Bytes[TestImage.SizeOfHeaders..]);
        after[..0x40].ShouldBe(image.Bytes[..0x40]);
    }

    [SkippableFact]
    public void Refuses_a_second_parser() =>
        Refusal.Of("KS1024", () =>
        {
            string parser = Parsers.Compile(_bench.Folder);
            BpfEmbedOperation.Definition.Run(new() { Image = Embed(TestImage.Arm64(), parser).File, Parser = parser, Output = _bench.Folder.At("twice") }, _bench.Context);
        }, ".bpf");

    [SkippableFact]
    public void Refuses_a_signed_image()
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048), parser = Parsers.Compile(_bench.Folder);
        Refusal.Of("KS1023", () => BpfEmbedOperation.Definition.Run(new() { Image = signed, Parser = parser, Output = _bench.Folder.At("out") }, _bench.Context), signed);
        File.Exists(_bench.Folder.At("out")).ShouldBeFalse();
    }

    [SkippableFact]
    public void Refuses_where_BTI_records_stand()
    {
        TestImage image = TestImage.Arm64();
        image.U32(image.SectionTable + 80, 0x40);
        Refusal.Of("KS1022", () => Embed(image, Parsers.Compile(_bench.Folder)), "0x148");
    }

    [SkippableFact]
    public void Warns_of_zstd_and_of_a_parser_that_nobody_calls()
    {
        Embed(TestZboot.Zstd(TestImage.Arm64().Bytes, _bench.Folder), Parsers.Compile(_bench.Folder, "nobody", "cmd->payload_len = payload_size - 4;"));
        _bench.Warnings.ShouldContain(w => w.Contains("zstd"));
        _bench.Warnings.ShouldContain(w => w.Contains("kexec_image_parser_anchor"));
    }

    [SkippableFact]
    public void Does_not_warn_of_zstd_when_the_parser_takes_all_of_it()
    {
        Embed(TestZboot.Zstd(TestImage.Arm64().Bytes, _bench.Folder), Parsers.BuiltIn(_bench, "zboot", "v6"));
        _bench.Warnings.ShouldBeEmpty();
    }

    [SkippableFact]
    public void Refuses_a_parser_that_no_kernel_looks_for_in_an_image() =>
        Refusal.Of("KS3605", () => Embed(TestZboot.Gzip(TestImage.Arm64().Bytes), Parsers.BuiltIn(_bench, "zboot", "v7")), "v7");

    [SkippableTheory]
    [InlineData("v6", "v6", null)]
    [InlineData("v5", "v5", null)]
    [InlineData("v5", "v6", "KS3606")]
    [InlineData("v6", "v5", "KS3606")]
    public void Refuses_parsers_of_two_series_in_one_image(string outer, string inner, string? code)
    {
        string zboot = Embed(TestZboot.Gzip(TestImage.Arm64().Bytes), Parsers.BuiltIn(_bench, "zboot", inner)).File;
        Layout uki = PeEditor.AddSection(Layout.Of(TestImage.Arm64().Bytes), ".linux", Layout.Of(File.ReadAllBytes(zboot)), PeConstants.DiscardableData);
        string image = _bench.Folder.File("uki", uki.ReadBytes(0, uki.Length)), parser = Parsers.BuiltIn(_bench, "uki", outer);
        void Run() => BpfEmbedOperation.Definition.Run(new() { Image = image, Parser = parser, Output = _bench.Folder.At("both") }, _bench.Context);
        if (code is null)
            Run();
        else
            Refusal.Of(code, Run, outer, inner);
    }

    [Fact]
    public void Refuses_what_is_no_parser_and_names_it()
    {
        string wrong = _bench.Folder.File("wrong.o", "no ELF"u8);
        Refusal.Of("KS1301", () => Embed(TestImage.Arm64(), wrong), wrong);
        _bench.Folder.Names().ShouldBe(["image", "wrong.o"]);
    }

    [Fact]
    public void Refuses_to_read_a_section_of_gigabytes()
    {
        Layout file = Layout.Of(TestImage.Arm64().SectionField(1, 16, 0xC0000000).Bytes).AppendZeros(0xC0000000);
        PeImage image = PeReader.Read(file);
        image = image with { Sections = image.Sections.SetItem(1, image.Sections[1] with { Name = ".bpf" }) };
        Refusal.Of("KS1315", () => ParserSection.Extract(image, file), "0xc0000000");
    }

    [Fact]
    public void Says_that_there_is_no_parser() => Refusal.Of("KS1027", () => Extract(_bench.Folder.File("image", TestImage.Arm64().Bytes)), ".bpf", ".text .data");

    public void Dispose() => _bench.Dispose();

    private BpfEmbedResult Embed(TestImage image, string parser) =>
        BpfEmbedOperation.Definition.Run(new() { Image = _bench.Folder.File("image", image.Bytes), Parser = parser, Output = _bench.Folder.At("embedded") }, _bench.Context);

    private BpfExtractResult Extract(string image) =>
        BpfExtractOperation.Definition.Run(new() { Image = image, Output = _bench.Folder.At("extracted") }, _bench.Context);
}
