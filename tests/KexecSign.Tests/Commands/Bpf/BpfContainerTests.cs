using KexecSign.Commands.Bpf;
using KexecSign.Commands.Modules;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;
using KexecSign.Parsers;

namespace KexecSign.Tests.Commands.Bpf;

/// <summary>Parser ELFs and envelopes: packed, signed, taken apart again; signatures judged by OpenSSL's idea of them.</summary>
public sealed class BpfContainerTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableFact]
    public void What_goes_in_comes_out_byte_for_byte()
    {
        string zboot = Parsers.BuiltIn(_bench, "zboot", "v7"), uki = Parsers.BuiltIn(_bench, "uki", "v7");
        string inner = Pack("zboot.bpf", [zboot], null).File;
        BpfContainerResult outer = Pack("uki.bpf", [uki, zboot], inner);

        outer.Parsers.ShouldBe([2, 1]);
        outer.Signed.ShouldBe([false, false]);
        Extracted(outer.File, null).ShouldBe(File.ReadAllBytes(uki));
        Extracted(outer.File, ".bpf.2").ShouldBe(File.ReadAllBytes(zboot));
        Extracted(outer.File, ".bpf.nested").ShouldBe(File.ReadAllBytes(inner));
        Refusal.Of("KS1336", () => Extracted(outer.File, ".bpf.3"), ".bpf.1 .bpf.2 .bpf.nested");
    }

    [SkippableFact]
    public void Every_level_is_signed_before_it_is_embedded()
    {
        string zboot = Parsers.BuiltIn(_bench, "zboot", "v7"), uki = Parsers.BuiltIn(_bench, "uki", "v7");
        string inner = Pack("zboot.bpf", [zboot], null).File;
        BpfContainerResult outer = Pack("uki.bpf", [uki], inner, TestSigners.Rsa2048);

        outer.Signed.ShouldBe([true, true]);
        byte[] nested = Extracted(outer.File, ".bpf.nested");
        nested.AsSpan().StartsWith(File.ReadAllBytes(inner)).ShouldBeTrue();
        foreach (string level in (string[])[outer.File, _bench.Folder.File("nested.bpf", nested)])
            ModuleVerifyOperation.Definition.Run(new() { Files = [level], Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] }, _bench.Context)
                .Exit.ShouldBe(ExitCode.Done);
    }

    [SkippableFact]
    public void A_level_that_is_signed_already_is_left_alone()
    {
        string inner = Pack("zboot.bpf", [Parsers.BuiltIn(_bench, "zboot", "v7")], null, TestSigners.P256).File;
        BpfContainerResult outer = Pack("uki.bpf", [Parsers.BuiltIn(_bench, "uki", "v7")], inner, TestSigners.Rsa2048);
        Extracted(outer.File, ".bpf.nested").ShouldBe(File.ReadAllBytes(inner));
    }

    [SkippableFact]
    public void Refuses_parsers_of_other_series_at_any_level()
    {
        string old = Parsers.BuiltIn(_bench, "zboot", "v6");
        Refusal.Of("KS3604", () => Pack("zboot.bpf", [old], null), "v6", old);
        string wrong = _bench.Folder.File("wrong.bpf", ParserElf.Write([File.ReadAllBytes(old)], null));
        Refusal.Of("KS3604", () => Pack("uki.bpf", [Parsers.BuiltIn(_bench, "uki", "v7")], wrong), "v6", wrong);
    }

    [SkippableFact]
    public void Refuses_a_sixth_level()
    {
        string zboot = Parsers.BuiltIn(_bench, "zboot", "v7");
        string? level = null;
        for (int i = 0; i < 5; i++)
            level = Pack($"{i}.bpf", [zboot], level).File;
        Refusal.Of("KS3612", () => Pack("6.bpf", [zboot], level), "6", "5");
    }

    [SkippableFact]
    public void Refuses_half_a_signer() =>
        Refusal.Of("KS3611", () => BpfContainerOperation.Definition.Run(
            new() { Parsers = [Parsers.BuiltIn(_bench, "zboot", "v7")], Signing = new() { Key = "key.pem" }, Output = _bench.Folder.At("x") }, _bench.Context), "--cert");

    [Theory]
    [InlineData("root=/dev/vda1 ro", "root=/dev/vda1 ro")]
    [InlineData("", "")]
    [InlineData("@file", "quiet panic=-1")]
    public void An_envelope_gives_back_what_was_put_in(string given, string wanted)
    {
        byte[] kernel = TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes, initrd = [.. Enumerable.Range(0, 1001).Select(i => (byte)(i % 251))];
        if (given == "@file")
            given = "@" + _bench.Folder.File("cmdline", "quiet panic=-1\n"u8);
        BpfEnvelopeResult envelope = Envelope(kernel, initrd, given);

        Extracted(envelope.File, null).ShouldBe(kernel);
        Extracted(envelope.File, ".initrd").ShouldBe(initrd);
        Extracted(envelope.File, ".cmdline").ShouldBe(System.Text.Encoding.ASCII.GetBytes(wanted));
        envelope.CommandLine.ShouldBe(wanted);
    }

    [Fact]
    public void An_envelope_takes_only_what_the_parser_takes()
    {
        byte[] kernel = TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes;
        Refusal.Of("KS3607", () => Envelope(TestImage.Arm64().Bytes, [1], ""), "kernel.efi");
        Refusal.Of("KS3608", () => Envelope(kernel, [], ""), "initrd.img");
        Refusal.Of("KS3609", () => Envelope(kernel, [1], "a\0b"), "NUL");
        Refusal.Of("KS3609", () => Envelope(kernel, [1], new string('x', 4096)), "4096");
    }

    [SkippableFact]
    public void Inspect_tells_each_kind()
    {
        string zboot = Parsers.BuiltIn(_bench, "zboot", "v7");
        string inner = Pack("zboot.bpf", [zboot], null, TestSigners.Rsa2048).File;
        string mixed = _bench.Folder.File("mixed.bpf", ParserElf.Write([File.ReadAllBytes(zboot), File.ReadAllBytes(Parsers.BuiltIn(_bench, "zboot", "v6"))], File.ReadAllBytes(inner)));

        BpfInspectResult result = Inspect(mixed);
        result.Kind.ShouldBe("parser ELF");
        result.Parsers.Select(p => (p.Place, p.Abi)).ShouldBe([(".bpf.1", ParserAbi.V7), (".bpf.2", ParserAbi.V6), (".bpf.nested/.bpf.1", ParserAbi.V7)]);
        result.SignedLevels.ShouldBe([false, true]);
        result.Findings.Select(f => f.Code).ShouldBe(["KS4511", "KS4512"]);
        Inspect(zboot).Kind.ShouldBe("parser object");
        Inspect(Envelope(TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes, [1], "x").File).Sections.Select(s => s.Name).ShouldBe([".kernel", ".initrd", ".cmdline", ".shstrtab"]);
    }

    [SkippableFact]
    public void Inspect_finds_the_faults_of_a_foreign_parser()
    {
        Tool.Require("clang", "bpftool");
        byte[] sound = File.ReadAllBytes(Parsers.BuiltIn(_bench, "zboot", "v6"));
        int rings = IndexOfMap(sound, "ringbuf_2"u8), name = IndexOfMap(sound, "ringbuf_3"u8);
        byte[] small = [.. sound], renamed = [.. sound];
        small[rings - 16 + 2] = 0;
        small[rings - 16 + 1] = 0x10;
        "ringbuf_x"u8.CopyTo(renamed.AsSpan(name));

        Inspect(_bench.Folder.File("small.o", small)).Parsers[0].Findings.Select(f => f.Code).ShouldBe(["KS4506"]);
        Inspect(_bench.Folder.File("small.o", small)).Parsers[0].Maps[1].LoadsWithPagesKiB.ShouldBe([4]);
        Inspect(_bench.Folder.File("renamed.o", renamed)).Parsers[0].Findings.Select(f => f.Code).ShouldBe(["KS4500"]);
    }

    [SkippableFact]
    public void Inspect_reads_the_parser_in_an_image_and_in_the_image_inside()
    {
        string zboot = Parsers.BuiltIn(_bench, "zboot", "v6");
        string image = _bench.Folder.File("image", TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes);
        BpfEmbedOperation.Definition.Run(new() { Image = image, Parser = zboot, Output = _bench.Folder.At("embedded") }, _bench.Context);

        InspectedParser parser = Inspect(_bench.Folder.At("embedded")).Parsers.Single();
        (parser.Place, parser.Abi).ShouldBe((".bpf", ParserAbi.V6));
        parser.Findings.ShouldBeEmpty();
        Refusal.Of("KS4121", () => Inspect(image), image);
        Refusal.Of("KS3610", () => Inspect(_bench.Folder.File("text", "text"u8)));
    }

    [SkippableFact]
    public void A_parser_that_takes_bytes_off_the_payload_is_told_of_by_its_own_source()
    {
        Tool.Require("clang", "bpftool");
        byte[] parser = File.ReadAllBytes(Parsers.BuiltIn(_bench, "zboot", "v6"));
        Inspect(_bench.Folder.File("sound.o", parser)).Parsers[0].Findings.ShouldBeEmpty();
        // The compiler keeps the source's lines; this is one of the series' own example.
        "payload_size - 4"u8.CopyTo(parser.AsSpan(parser.AsSpan().IndexOf("payload_size"u8)));
        ParserFinding finding = Inspect(_bench.Folder.File("cuts.o", parser)).Parsers[0].Findings.ShouldHaveSingleItem();
        (finding.Code, finding.Breaks).ShouldBe(("KS4509", false));
        finding.Message.ShouldContain("takes 4 bytes off the payload");
        finding.Message.ShouldContain("or use gzip");
    }

    [Fact]
    public void A_part_that_cannot_be_read_is_a_finding_that_names_it()
    {
        string container = _bench.Folder.File("container", Containers.Elf((".bpf.1", new byte[100])));
        BpfInspectResult result = BpfInspectOperation.Definition.Run(new() { File = container }, _bench.Context);
        ParserFinding finding = result.Findings.ShouldHaveSingleItem();
        finding.Code.ShouldBe("KS4513", finding.Message);
        finding.Message.ShouldStartWith("KS4513: .bpf.1 cannot be read: KS1301: ");
    }

    public void Dispose() => _bench.Dispose();

    private static int IndexOfMap(byte[] file, ReadOnlySpan<byte> name)
    {
        // The BTF names the maps, too; in union bpf_attr the map's type stands 28 bytes before its name.
        for (int at = 0; at < file.Length - 64; at++)
        {
            if (file.AsSpan(at).StartsWith(name) && file[at - 28] == 27 && file[at - 27] == 0)
                return at;
        }
        throw new InvalidOperationException("no such map");
    }

    private BpfContainerResult Pack(string output, string[] parsers, string? nested, TestSigner? signer = null) =>
        BpfContainerOperation.Definition.Run(
            new() { Parsers = [.. parsers], Nested = nested, Signing = signer is null ? new() : _bench.Identity(signer), Output = _bench.Folder.At(output) }, _bench.Context);

    private BpfEnvelopeResult Envelope(byte[] kernel, byte[] initrd, string commandLine) =>
        BpfEnvelopeOperation.Definition.Run(
            new()
            {
                Kernel = _bench.Folder.File("kernel.efi", kernel),
                Initrd = _bench.Folder.File("initrd.img", initrd),
                CommandLine = commandLine,
                Output = _bench.Folder.At("image.elf"),
            },
            _bench.Context);

    private byte[] Extracted(string file, string? section)
    {
        string output = _bench.Folder.At("extracted");
        BpfExtractOperation.Definition.Run(new() { Image = file, Section = section, Output = output }, _bench.Context);
        return File.ReadAllBytes(output);
    }

    private BpfInspectResult Inspect(string file) => BpfInspectOperation.Definition.Run(new() { File = file }, _bench.Context);
}
