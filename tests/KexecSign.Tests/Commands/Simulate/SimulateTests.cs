using System.Buffers.Binary;
using System.Text;
using KexecSign.Commands.Simulate;
using KexecSign.Commands.Verify;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;
using KexecSign.Judging;
using KexecSign.Simulation.Bpf;

namespace KexecSign.Tests.Commands.Simulate;

/// <summary>The project's parsers, run on images whose kernel is known, for each series.</summary>
public sealed class SimulateTests : IDisposable
{
    private static readonly byte[] Kernel = PadToImageSize(TestImage.Arm64(seed: 3).Bytes);
    private static readonly byte[] Initrd = [.. Enumerable.Range(0, 5000).Select(i => (byte)((i * 7) & 0xFF))];
    private static readonly byte[] CommandLine = "root=/dev/vda1 quiet"u8.ToArray();

    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData(5, "gzip")]
    [InlineData(6, "gzip")]
    [InlineData(7, "gzip")]
    [InlineData(5, "zstd")]
    [InlineData(6, "zstd")]
    [InlineData(7, "zstd")]
    public void A_zboot_image_gives_the_kernel_that_was_packed(int abi, string compression)
    {
        byte[] image = Zboot(compression);
        SimulateResult result = abi == 7
            ? Simulate(Containers.Elf((".bpf.1", ParserSources.Object("zboot", 7))), image: Containers.Elf((".kernel", image), (".initrd", Initrd), (".cmdline", CommandLine)))
            : Simulate(Containers.WithParser(image, ParserSources.Object("zboot", abi)));
        Succeeds(result, abi);
        if (abi == 7)
            GivesInitrdAndCommandLine(result);
    }

    [SkippableTheory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void A_uki_gives_kernel_initrds_and_command_line(int abi)
    {
        byte[] uki = Containers.Uki((".linux", Kernel), (".initrd", Initrd[..2001]), (".initrd", Initrd[2001..]), (".cmdline", CommandLine));
        SimulateResult result = abi == 7
            ? Simulate(Containers.Elf((".bpf.1", ParserSources.Object("uki", 7))), image: uki)
            : Simulate(Containers.WithParser(uki, ParserSources.Object("uki", abi)));
        Succeeds(result, abi);
        // Each initrd begins at a multiple of four bytes.
        File.ReadAllBytes(result.Initrd!.File!).ShouldBe([.. Initrd[..2001], 0, 0, 0, .. Initrd[2001..]]);
        result.CommandLine.ShouldBe("root=/dev/vda1 quiet");
    }

    [SkippableTheory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void A_uki_with_a_zboot_inside_gives_the_innermost_kernel(int abi)
    {
        byte[] zboot = Zboot("zstd"), inner = abi == 7 ? zboot : Containers.WithParser(zboot, ParserSources.Object("zboot", abi));
        byte[] uki = Containers.Uki((".linux", inner), (".initrd", Initrd), (".cmdline", CommandLine));
        SimulateResult result = abi == 7
            ? Simulate(
                Containers.Elf((".bpf.1", ParserSources.Object("uki", 7)), (".bpf.nested", Containers.Elf((".bpf.1", ParserSources.Object("zboot", 7))))),
                image: uki)
            : Simulate(Containers.WithParser(uki, ParserSources.Object("uki", abi)));
        Succeeds(result, abi);
        result.Parsers.ShouldBe(["parse_uki", "parse_zboot"]);
        result.Trace.Max(e => e.Level).ShouldBe(2);
        GivesInitrdAndCommandLine(result);
    }

    [SkippableTheory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void A_disarmed_parser_runs_again_on_each_further_level_and_finds_its_ring_full(int abi)
    {
        SimulateResult result = OnNestedUkis(abi, ParserSources.Object("uki", abi));
        Succeeds(result, abi);
        string[] told = [.. result.Trace.Where(e => e.Level == 3).Select(e => $"{e.Who}: {e.What}")];
        // The newest runs first.
        int second = Array.IndexOf(told, "kernel: parse_uki of level 2 is still attached and runs again");
        second.ShouldBeGreaterThan(Array.FindIndex(told, t => t.Contains("takes kernel", StringComparison.Ordinal)));
        Array.IndexOf(told, "kernel: parse_uki of level 1 is still attached and runs again").ShouldBeGreaterThan(second);
        told.Count(t => t == "parse_uki: prints 'the ring buffer has no room for a record'").ShouldBe(2);
        told[0].ShouldEndWith($"; with those of 2 parsers before it 0x{3 * (0x800000 + (3 * 0x10000)):x} bytes");
    }

    [SkippableTheory]
    [InlineData(6)]
    [InlineData(7)]
    public void A_disarmed_parser_that_sends_a_packet_is_warned_of(int abi)
    {
        byte[] parser = ParserSources.Object("uki", abi, "skeleton.h", ("#define RINGBUF1_SIZE POWER_OF_TWO", "#define RINGBUF1_SIZE 4 * POWER_OF_TWO"));
        SimulateResult result = OnNestedUkis(abi, parser);
        string[] warnings = [.. result.Notes.Where(n => n.StartsWith("parse_uki of level 1, which is disarmed but still attached, sends a packet at level 2", StringComparison.Ordinal))];
        warnings.Length.ShouldBe(1, string.Join('\n', result.Notes));
    }

    [SkippableTheory]
    [InlineData("clang", "v2")]
    [InlineData("clang-16", "v3")]
    [InlineData("clang-19", "v3")]
    [InlineData("clang-19", "v4")]
    public void Parsers_of_every_compiler_give_the_kernel(string clang, string cpu)
    {
        // Debian has 14 by default; the others are tried where they are.
        Skip.IfNot(File.Exists("/usr/bin/" + clang), $"{clang} is missing; apt-get install {clang}");
        Succeeds(Simulate(Containers.WithParser(Zboot("zstd"), ParserSources.Object("zboot", 6, clang, cpu))), 6);
        byte[] uki = Containers.Uki((".linux", Kernel), (".initrd", Initrd), (".cmdline", CommandLine));
        SimulateResult result = Simulate(Containers.Elf((".bpf.1", ParserSources.Object("uki", 7, clang, cpu))), image: uki);
        Succeeds(result, 7);
        GivesInitrdAndCommandLine(result);
    }

    [SkippableFact]
    public void A_second_parser_is_tried_when_the_first_gives_up()
    {
        byte[] parsers = Containers.Elf((".bpf.1", ParserSources.Object("uki", 7)), (".bpf.2", ParserSources.Object("zboot", 7)));
        SimulateResult result = Simulate(parsers, image: Containers.Elf((".kernel", Zboot("gzip")), (".initrd", Initrd), (".cmdline", CommandLine)));
        Succeeds(result, 7);
        result.Parsers.ShouldBe(["parse_zboot"]);
    }

    [SkippableTheory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public void Four_bytes_too_few_of_a_zstd_payload_are_seen(int abi)
    {
        byte[] parser = ParserSources.Object("zboot", abi, "zboot.bpf.c", ("header.payload_size, &compressed", "header.payload_size - 4, &compressed"));
        SimulateResult result = OnZboot(abi, parser, Zboot("zstd"));
        Fails(result, "KS4568", "ZSTD-compressed data is truncated");
        // A gzip stream ends before its length.
        OnZboot(abi, parser, Zboot("gzip")).Succeeded.ShouldBeTrue();
    }

    [SkippableTheory]
    [InlineData(5, 6, "kernel function bpf_handle_pefile", "v5")]
    [InlineData(6, 5, "kernel function kexec_image_parser_anchor", "v6 and v7")]
    public void A_parser_for_another_series_is_named_as_such(int built, int run, string what, string series)
    {
        SimulateResult result = Simulate(Containers.WithParser(Zboot("gzip"), ParserSources.Object("zboot", built)), o => o with { Abi = ParserSeries.All[run - 5].Abi });
        Fails(result, "KS4565", what, series);
    }

    [SkippableFact]
    public void A_parser_for_v7_finds_no_image_in_v6()
    {
        SimulateResult result = Simulate(Containers.WithParser(Zboot("gzip"), ParserSources.Object("zboot", 7)));
        // There is no parsing_buf in v6.
        Fails(result, "KS4566", "kexec_context.parsing_buf", "v6");
        result.Fault!.Program.ShouldBe("parse_zboot");
        result.Fault.Source.ShouldNotBeNull().ShouldContain("kexec.h:");
    }

    [SkippableFact]
    public void Packets_of_v6_are_refused_by_v7() =>
        Fails(
            Simulate(Containers.Elf((".bpf.1", ParserSources.Object("zboot", 6))), image: Containers.Elf((".kernel", Zboot("gzip")), (".initrd", Initrd), (".cmdline", CommandLine))),
            "KS4569", "DONE");

    [SkippableTheory]
    [InlineData(4096, true)]
    [InlineData(16384, false)]
    [InlineData(65536, false)]
    [InlineData(null, false)]
    public void A_ring_of_4_KiB_is_refused_by_kernels_with_larger_pages(int? pageSize, bool succeeds)
    {
        byte[] parser = ParserSources.Object("zboot", 6, "skeleton.h", ("#define RINGBUF_MIN 0x10000", "#define RINGBUF_MIN 0x1000"));
        SimulateResult result = Simulate(Containers.WithParser(Zboot("gzip"), parser), o => o with { PageSize = pageSize });
        if (succeeds)
            Succeeds(result, 6);
        else
            Fails(result, "KS4576", "ringbuf_2", "0x1000 bytes", $"pages of 0x{pageSize ?? 65536:x}");
    }

    public static TheoryData<int, uint, uint, string> Lies => new()
    {
        { 6, 0xFFFF_F000, 0x2000, "outside" },
        { 6, 0x1400, 0xFFFF_FFFF, "outside" },
        { 5, 0x7FFF_FFFF, 0x7FFF_FFFF, "outside" },
        { 7, 0x1400, 0x1000_0000, "outside" },
        { 6, 0, 0x40, "outside" },
    };

    [SkippableTheory]
    [MemberData(nameof(Lies))]
    public void A_header_that_lies_is_seen_by_the_parser(int abi, uint offset, uint size, string words)
    {
        byte[] image = Zboot("gzip");
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(8), offset);
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(12), size);
        Fails(OnZboot(abi, ParserSources.Object("zboot", abi), image), abi == 7 ? "KS4569" : "KS4567", words);
    }

    [SkippableFact]
    public void A_parser_that_believes_the_header_is_caught_with_its_line()
    {
        byte[] parser = ParserSources.Object(
            "zboot", 6, "image.h", ("if (size > PAYLOAD_MAX)\n\t\trefuse(\"a part", "if (0)\n\t\trefuse(\"a part"), ("if (size == 0 || !inside(offset, size, image->size))", "if (0)"));
        byte[] image = Zboot("gzip");
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(12), 0x7000_0000);
        SimulateResult result = Simulate(Containers.WithParser(image, parser));
        Fails(result, "KS4551", "a record of ringbuf_1");
        result.Fault!.Source.ShouldNotBeNull().ShouldContain("image.h");
        result.Fault.Disassembly.ShouldBe("call bpf_probe_read_kernel#113");
    }

    [SkippableTheory]
    [InlineData("bpf_ringbuf_discard(session.record, BPF_RB_NO_WAKEUP);", "", "KS4557", "a record of ringbuf_1")]
    [InlineData("bpf_ringbuf_discard(session.record, BPF_RB_NO_WAKEUP);", "bpf_ringbuf_discard(session.record, 0); bpf_ringbuf_discard(session.record, 0);", "KS4558", "given back already")]
    [InlineData("\tbpf_put_parser_context(session->parser);", "", "KS4557", "the parser context")]
    [InlineData("\tbpf_put_parser_context(session->parser);", "\tbpf_put_parser_context(session->parser); bpf_buffer_parser(session->record, 8, session->parser);", "KS4559", "bpf_buffer_parser()")]
    [InlineData("session.record = bpf_ringbuf_reserve", "for (;;) asm volatile(\"\"); session.record = bpf_ringbuf_reserve", "KS4555", "instructions")]
    [InlineData("\tpacket->command = command;", "\t((volatile char *)packet)[RECORD_SIZE] = 1; packet->command = command;", "KS4551", "a record of ringbuf_1")]
    [InlineData("\tpacket->command = command;", "\t*(volatile char *)skeleton_rodata = 1; packet->command = command;", "KS4552", "rodata")]
    public void What_the_verifier_would_refuse_is_a_verdict_with_its_place(string from, string to, string code, string words)
    {
        SimulateResult result = Simulate(Containers.WithParser(Zboot("gzip"), ParserSources.Object("zboot", 6, "kexec.h", (from, to))));
        Fails(result, code, words);
        result.Fault!.Program.ShouldBe("parse_zboot");
        result.Fault.Instruction.ShouldNotBeNull();
    }

    [SkippableFact]
    public void An_image_that_its_own_kernel_replaced_cannot_be_read_again()
    {
        byte[] parser = ParserSources.Object(
            "zboot", 6, "zboot.bpf.c", ("return give_decompressed(session, compressed.size);", "return give_decompressed(session, compressed.size) || load(session, &compressed);"));
        Fails(Simulate(Containers.WithParser(Zboot("gzip"), parser)), "KS4551", "the image, which is gone");
    }

    [SkippableFact]
    public void A_map_too_many_shifts_what_the_kernel_reads()
    {
        byte[] more = ParserSources.Object("zboot", 6, "skeleton.h", ("RINGBUF(ringbuf_4, RINGBUF_MIN);", "RINGBUF(ringbuf_4, RINGBUF_MIN); RINGBUF(ringbuf_5, RINGBUF_MIN);"));
        Fails(Simulate(Containers.WithParser(Zboot("gzip"), more)), "KS4562", "0x9c bytes", "v6");
        byte[] fewer = ParserSources.Object("zboot", 6, "skeleton.h", ("RINGBUF(ringbuf_4, RINGBUF_MIN);", ""));
        Fails(Simulate(Containers.WithParser(Zboot("gzip"), fewer)), "KS4563", "7 maps");
    }

    [SkippableFact]
    public void An_envelope_that_lacks_a_part_gives_nothing()
    {
        byte[] parsers = Containers.Elf((".bpf.1", ParserSources.Object("zboot", 7)));
        Fails(Simulate(parsers, image: Zboot("gzip")), "KS4570", "initrd, command line");
        Fails(Simulate(parsers, image: Containers.Elf((".kernel", Zboot("gzip")), (".initrd", Initrd))), "KS4570", "command line");
    }

    [SkippableTheory]
    [InlineData(".bpf.2", "no .bpf.1")]
    [InlineData(".bpf.9", ".bpf.9")]
    [InlineData(".text", ".text")]
    public void Sections_are_held_against_the_kernels_rules(string section, string words) =>
        Fails(Simulate(Containers.Elf((section, ParserSources.Object("zboot", 7))), image: Zboot("gzip")), "KS4572", words);

    [SkippableFact]
    public void Parsers_nest_as_deep_as_the_kernel_goes()
    {
        byte[] parsers = Containers.Elf((".bpf.1", ParserSources.Object("uki", 7)));
        byte[] uki = Containers.Uki((".linux", Kernel), (".initrd", Initrd), (".cmdline", CommandLine));
        for (int i = 0; i < 5; i++)
        {
            parsers = Containers.Elf((".bpf.1", ParserSources.Object("uki", 7)), (".bpf.nested", parsers));
            uki = Containers.Uki((".linux", uki), (".initrd", Initrd), (".cmdline", CommandLine));
        }
        Fails(Simulate(parsers, image: uki), "KS4571", "level 5");
    }

    [SkippableFact]
    public void Verify_runs_the_parser()
    {
        byte[] cutting = ParserSources.Object("zboot", 6, "zboot.bpf.c", ("header.payload_size, &compressed", "header.payload_size - 4, &compressed"));
        Verdict good = VerifyAsBpf(Containers.WithParser(Zboot("zstd"), ParserSources.Object("zboot", 6)));
        good.Answer.ShouldBe(Answer.Accepts);
        good.Reason.ShouldContain($"0x{Kernel.Length:x} bytes, the one that is packed");
        Verdict bad = VerifyAsBpf(Containers.WithParser(Zboot("zstd"), cutting));
        (bad.Answer, bad.Code).ShouldBe((Answer.Refuses, "KS4568"));
    }

    [SkippableFact]
    public void A_kernel_that_is_not_the_packed_one_is_named_with_both_digests()
    {
        // Hands the compressed bytes over as they are.
        byte[] parser = ParserSources.Object("zboot", 6, "kexec.h", ("send(session, COMMAND_DECOMPRESS, TARGET_KERNEL", "send(session, COMMAND_COPY, TARGET_KERNEL"));
        byte[] image = Zboot("gzip");
        SimulateResult result = Simulate(Containers.WithParser(image, parser));
        Fails(result, "KS4573", $"0x{Kernel.Length:x} bytes", result.PackedSha256!, result.Kernel!.Sha256);
        File.Exists(result.Kernel.File).ShouldBeTrue();
        VerifyAsBpf(Containers.WithParser(image, parser)).Code.ShouldBe("KS4573");
    }

    [SkippableFact]
    public void No_change_of_an_image_or_parser_escapes_as_an_exception()
    {
        byte[] parser = ParserSources.Object("zboot", 6), image = Containers.WithParser(Zboot("gzip"), parser);
        int section = image.Length - ((parser.Length + 0x1FF) & ~0x1FF);
        var random = new Random(6);
        int failed = 0;
        for (int i = 0; i < 400; i++)
        {
            byte[] changed = [.. image];
            int at = i % 4 == 0 ? random.Next(0x400) : section + random.Next(parser.Length);
            changed[at] ^= (byte)(1 << random.Next(8));
            try
            {
                failed += Simulate(changed, o => o with { Output = null }).Succeeded ? 0 : 1;
            }
            catch (Formats.Errors.KexecSignException)
            {
                failed++;
            }
        }
        failed.ShouldBeGreaterThan(50);
    }

    [SkippableFact]
    public void Says_what_cannot_be_simulated()
    {
        byte[] parser = ParserSources.Object("zboot", 7);
        Refusal.Of("KS3651", () => Simulate("text"u8.ToArray()));
        Refusal.Of("KS3652", () => Simulate(Containers.Elf((".bpf.1", parser))));
        Refusal.Of("KS3653", () => Simulate(Containers.WithParser(Zboot("gzip"), parser), image: Zboot("gzip")));
        Refusal.Of("KS3654", () => Simulate(Containers.WithParser(Zboot("gzip"), parser), o => o with { Abi = ParserAbi.V7 }), "v7");
    }

    public void Dispose() => _bench.Dispose();

    // Three UKIs, one in the other.
    private SimulateResult OnNestedUkis(int abi, byte[] parser)
    {
        byte[] parsers = [], image = Kernel;
        for (int i = 0; i < 3; i++)
        {
            parsers = i == 0 ? Containers.Elf((".bpf.1", parser)) : Containers.Elf((".bpf.1", parser), (".bpf.nested", parsers));
            image = Containers.Uki((".linux", image), (".initrd", Initrd), (".cmdline", CommandLine));
            image = abi == 7 ? image : Containers.WithParser(image, parser);
        }
        return abi == 7 ? Simulate(parsers, image: image) : Simulate(image);
    }

    private SimulateResult OnZboot(int abi, byte[] parser, byte[] zboot) => abi == 7
        ? Simulate(Containers.Elf((".bpf.1", parser)), image: Containers.Elf((".kernel", zboot), (".initrd", Initrd), (".cmdline", CommandLine)))
        : Simulate(Containers.WithParser(zboot, parser));

    private SimulateResult Simulate(byte[] file, Func<SimulateOptions, SimulateOptions>? change = null, byte[]? image = null)
    {
        var options = new SimulateOptions
        {
            File = _bench.Folder.File("simulated", file),
            Image = image is null ? null : _bench.Folder.File("image", image),
            Output = _bench.Folder.At("result"),
        };
        return SimulateOperation.Definition.Run(change is null ? options : change(options), _bench.Context);
    }

    private Verdict VerifyAsBpf(byte[] file) => VerifyOperation.Definition.Run(
        new() { File = _bench.Folder.File("verified", file), Consumers = [Consumer.Bpf] }, _bench.Context).Verdicts.Single();

    private static void Succeeds(SimulateResult result, int abi)
    {
        result.Fault.ShouldBeNull();
        result.Abi.ShouldBe(ParserSeries.All[abi - 5].Abi);
        File.ReadAllBytes(result.Kernel!.File!).AsSpan().SequenceEqual(Kernel).ShouldBeTrue();
        result.Notes.ShouldBe(abi == 5 && result.Initrd is null ? ["series v5 wants an initrd from the parser or from the caller of kexec_file_load; none was given here"] : []);
    }

    private static void GivesInitrdAndCommandLine(SimulateResult result)
    {
        File.ReadAllBytes(result.Initrd!.File!).ShouldBe(Initrd);
        result.CommandLine.ShouldBe(Encoding.ASCII.GetString(CommandLine));
    }

    private static void Fails(SimulateResult result, string code, params string[] told)
    {
        result.Fault.ShouldNotBeNull();
        result.Fault.Code.ShouldBe(code, result.Fault.Reason);
        foreach (string part in told)
            result.Fault.Reason.ShouldContain(part);
        result.Exit.ShouldBe(ExitCode.VerificationFailed);
    }

    private byte[] Zboot(string compression) =>
        compression == "gzip" ? TestZboot.Gzip(Kernel).Bytes : TestZboot.Zstd(Kernel, _bench.Folder).Bytes;

    private static byte[] PadToImageSize(byte[] image)
    {
        byte[] padded = new byte[TestImage.ImageSize];
        image.CopyTo(padded, 0);
        return padded;
    }
}
