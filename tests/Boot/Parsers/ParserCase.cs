using System.Buffers.Binary;
using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;
using KexecSign.Simulation.Bpf;

namespace KexecSign.Boot.Tests.Parsers;

/// <summary>What kexec_file_load is given in a kernel of a series.</summary>
/// <param name="Name">What is the matter with it; no two are the same.</param>
/// <param name="Abi">The kernel's series.</param>
/// <param name="File">File of kernel_fd.</param>
/// <param name="Image">File of initrd_fd.</param>
internal sealed record ParserCase(string Name, ParserAbi Abi, byte[] File, byte[]? Image = null);

/// <summary>Right and wrong parsers, images, containers and envelopes of series v6 and v7, small enough that a machine runs them all at once.</summary>
internal static class ParserCases
{
    private const string Discard = "bpf_ringbuf_discard(session.record, BPF_RB_NO_WAKEUP);", Put = "\tbpf_put_parser_context(session->parser);";
    private const string PacketHead = "\tpacket->command = command;", Reserve = "session.record = bpf_ringbuf_reserve", FourthRing = "RINGBUF(ringbuf_4, RINGBUF_MIN);";

    private static readonly byte[] Kernel = [.. TestImage.Arm64(seed: 3).Bytes, .. new byte[TestImage.ImageSize - TestImage.Arm64(seed: 3).Bytes.Length]];
    private static readonly byte[] Initrd = [.. Enumerable.Range(0, 5001).Select(i => (byte)((i * 7) & 0xFF))];
    private static readonly byte[] CommandLine = "root=/dev/vda1 quiet"u8.ToArray();

    /// <summary>What a parser's source says, what is to stand there instead, and what comes of it.</summary>
    private static readonly (string Name, string File, (string From, string To)[] Change)[] Wrong =
    [
        ("a parser that keeps its record", "kexec.h", [(Discard, "")]),
        ("a parser that gives its record back twice", "kexec.h", [(Discard, Discard + Discard)]),
        ("a parser that keeps the context", "kexec.h", [(Put, "")]),
        ("a parser that uses the context after it gave it back", "kexec.h", [(Put, Put + " bpf_buffer_parser(session->record, 8, session->parser);")]),
        ("a parser without an end", "kexec.h", [(Reserve, "for (;;) asm volatile(\"\"); " + Reserve)]),
        ("a parser that writes behind its record", "kexec.h", [(PacketHead, "\t((volatile char *)packet)[RECORD_SIZE] = 1; packet->command = command;")]),
        ("a parser that writes to constants", "kexec.h", [(PacketHead, "\t*(volatile char *)skeleton_rodata = 1; packet->command = command;")]),
        ("a parser with five rings", "skeleton.h", [(FourthRing, FourthRing + " RINGBUF(ringbuf_5, RINGBUF_MIN);")]),
        ("a parser with three rings", "skeleton.h", [(FourthRing, "")]),
        ("a parser with rings of 4 KiB", "skeleton.h", [("#define RINGBUF_MIN 0x10000", "#define RINGBUF_MIN 0x1000")]),
        ("a parser with rings of 3 KiB", "skeleton.h", [("#define RINGBUF_MIN 0x10000", "#define RINGBUF_MIN 0xc00")]),
        ("a parser that is not of the GPL", "skeleton.h", [("SEC(\"license\") = \"GPL\"", "SEC(\"license\") = \"Proprietary\"")]),
        ("a parser that must not sleep", "kexec.h", [("SEC(\"fentry.s/kexec_image_parser_anchor\")", "SEC(\"fentry/kexec_image_parser_anchor\")")]),
        ("a parser that hands over compressed bytes", "kexec.h", [("send(session, COMMAND_DECOMPRESS, TARGET_KERNEL", "send(session, COMMAND_COPY, TARGET_KERNEL")]),
        ("a parser with an unknown command", "kexec.h", [("send(session, COMMAND_DECOMPRESS, TARGET_KERNEL", "send(session, 9, TARGET_KERNEL")]),
        ("a parser with an unknown subcommand", "kexec.h", [("send(session, COMMAND_DECOMPRESS, TARGET_KERNEL", "send(session, COMMAND_COPY, 4")]),
        ("a parser that decompresses an initrd", "kexec.h", [("send(session, COMMAND_DECOMPRESS, TARGET_KERNEL", "send(session, COMMAND_DECOMPRESS, TARGET_INITRD")]),
        ("a parser whose packet is longer than it says", "kexec.h", [("sizeof(*packet) + size, session->parser)", "sizeof(*packet) + size / 2, session->parser)")]),
        ("a parser with a packet of no bytes", "kexec.h", [("sizeof(*packet) + size, session->parser)", "0, session->parser)")]),
        ("a parser that says hello with a number", "zboot.bpf.c", [("return give_decompressed(", "bpf_trace_printk(\"%d bytes\", 9, (int)compressed.size); return give_decompressed(")]),
    ];

    // A verifier sees that it would believe anything, the simulator only that it believes a lie.
    private static readonly (string From, string To)[] Believing =
        [("if (size > PAYLOAD_MAX)\n\t\trefuse(\"a part", "if (0)\n\t\trefuse(\"a part"), ("if (size == 0 || !inside(offset, size, image->size))", "if (0)")];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ParserCase> All(TempFolder folder) => [.. V6(folder), .. V7(folder)];

    // A parser that was disarmed finds room for another record in these, and takes the next image apart once more.
    private static byte[] UkiWithLargeRing(int abi) =>
        ParserSources.Object("uki", abi, "skeleton.h", ("#define RINGBUF1_SIZE POWER_OF_TWO", "#define RINGBUF1_SIZE 4 * POWER_OF_TWO"));

    private static IEnumerable<ParserCase> V6(TempFolder folder)
    {
        byte[] zboot = ParserSources.Object("zboot", 6), uki = ParserSources.Object("uki", 6), gzip = Zboot("gzip", folder), zstd = Zboot("zstd", folder);
        byte[] cutting = ParserSources.Object("zboot", 6, "zboot.bpf.c", ("header.payload_size, &compressed", "header.payload_size - 4, &compressed"));
        yield return V6("zboot, gzip", gzip, zboot);
        yield return V6("zboot, zstd", zstd, zboot);
        yield return V6("UKI", Uki(Kernel), uki);
        yield return V6("UKI without an initrd", Containers.Uki((".linux", Kernel), (".cmdline", CommandLine)), uki);
        yield return V6("zboot in a UKI", Uki(Containers.WithParser(zstd, zboot)), uki);
        foreach ((string name, byte[] parser) in ((string, byte[])[])[("UKI in a UKI in a UKI", uki), ("the same with large rings", UkiWithLargeRing(6))])
            yield return V6(name, Uki(Containers.WithParser(Uki(Containers.WithParser(Uki(Kernel), parser)), parser)), parser);
        yield return V6("zboot in a UKI with large rings", Uki(Containers.WithParser(zstd, zboot)), UkiWithLargeRing(6));
        yield return V6("four bytes too few of zstd", zstd, cutting);
        yield return V6("four bytes too few of gzip", gzip, cutting);
        yield return V6("a header that lies", Lying(gzip), zboot);
        yield return V6("a header that lies, and a parser that believes it", Lying(gzip), ParserSources.Object("zboot", 6, "image.h", Believing));
        yield return V6("damaged gzip", Damaged(gzip), zboot);
        yield return V6("damaged zstd", Damaged(zstd), zboot);
        yield return V6("a compression that nobody knows", WithMagic(gzip), zboot);
        yield return V6("the parser of a UKI on a zboot", gzip, uki);
        yield return V6("the parser of a zboot on a UKI", Uki(Kernel), zboot);
        yield return V6("a parser for v5", gzip, ParserSources.Object("zboot", 5));
        yield return V6("a parser for v7", gzip, ParserSources.Object("zboot", 7));
        foreach ((string name, string file, (string From, string To)[] change) in Wrong)
            yield return V6(name, gzip, ParserSources.Object("zboot", 6, file, change));
        foreach ((string name, byte[] parser) in OtherCompilers(6))
            yield return V6(name, zstd, parser);
        foreach (ParserCase damaged in DamagedObjects(gzip, zboot))
            yield return damaged;
    }

    private static IEnumerable<ParserCase> V7(TempFolder folder)
    {
        byte[] zboot = ParserSources.Object("zboot", 7), uki = ParserSources.Object("uki", 7), gzip = Zboot("gzip", folder), zstd = Zboot("zstd", folder);
        byte[] one = Containers.Elf((".bpf.1", zboot)), envelope = Envelope(gzip);
        yield return V7("envelope, gzip", one, envelope);
        yield return V7("envelope, zstd", one, Envelope(zstd));
        yield return V7("UKI", Containers.Elf((".bpf.1", uki)), Uki(Kernel));
        yield return V7("zboot in a UKI", Containers.Elf((".bpf.1", uki), (".bpf.nested", one)), Uki(zstd));
        yield return V7("the second parser takes it", Containers.Elf((".bpf.1", uki), (".bpf.2", zboot)), envelope);
        yield return V7("a parser that cannot be loaded, then one that can", Containers.Elf((".bpf.1", ParserSources.Object("zboot", 5)), (".bpf.2", zboot)), envelope);
        yield return V7("an image alone", one, gzip);
        yield return V7("an envelope without a command line", one, Containers.Elf((".kernel", gzip), (".initrd", Initrd)));
        yield return V7("an envelope with two kernels", one, Containers.Elf((".kernel", gzip), (".kernel", gzip), (".initrd", Initrd), (".cmdline", CommandLine)));
        yield return V7("a header that lies", one, Envelope(Lying(gzip)));
        yield return V7("a header that lies, and a parser that believes it", Containers.Elf((".bpf.1", ParserSources.Object("zboot", 7, "image.h", Believing))), Envelope(Lying(gzip)));
        yield return V7("damaged gzip", one, Envelope(Damaged(gzip)));
        yield return V7("damaged zstd", one, Envelope(Damaged(zstd)));
        yield return V7("a parser for v6", Containers.Elf((".bpf.1", ParserSources.Object("zboot", 6))), envelope);
        yield return V7("no first parser", Containers.Elf((".bpf.2", zboot)), envelope);
        yield return V7("a ninth parser", Containers.Elf((".bpf.1", zboot), (".bpf.9", zboot)), envelope);
        yield return V7("a section that does not belong there", Containers.Elf((".bpf.1", zboot), (".text", [])), envelope);
        yield return V7("two first parsers", Containers.Elf((".bpf.1", zboot), (".bpf.1", zboot)), envelope);
        yield return V7("no container", one[..40], envelope);
        yield return Deep("five levels", 5, uki);
        yield return Deep("six levels", 6, uki);
        yield return Deep("three levels with large rings", 3, UkiWithLargeRing(7));
        foreach ((string name, string file, (string From, string To)[] change) in Wrong)
            yield return V7(name, Containers.Elf((".bpf.1", ParserSources.Object("zboot", 7, file, change))), envelope);
        foreach ((string name, byte[] parser) in OtherCompilers(7))
            yield return V7(name, Containers.Elf((".bpf.1", parser)), Envelope(zstd));

        ParserCase Deep(string name, int levels, byte[] parser)
        {
            byte[] parsers = Containers.Elf((".bpf.1", parser)), image = Uki(Kernel);
            for (int i = 1; i < levels; i++)
            {
                parsers = Containers.Elf((".bpf.1", parser), (".bpf.nested", parsers));
                image = Uki(image);
            }
            return V7(name, parsers, image);
        }
    }

    private static IEnumerable<ParserCase> DamagedObjects(byte[] image, byte[] parser)
    {
        yield return V6("half a parser object", image, parser[..(parser.Length / 2)]);
        foreach (string name in (string[])["opts_data", "opts_insn", "kexec_image_parser_anchor", "bpf_buffer_parser"])
            yield return V6($"a parser object that spells {name} otherwise", image, Renamed(parser, name));
    }

    private static byte[] Renamed(byte[] parser, string name)
    {
        byte[] changed = [.. parser], wanted = Encoding.ASCII.GetBytes(name);
        for (int at, from = 0; (at = changed.AsSpan(from).IndexOf(wanted)) >= 0; from += at + 1)
            changed[from + at] = (byte)'x';
        return changed;
    }

    private static IEnumerable<(string Name, byte[] Parser)> OtherCompilers(int abi)
    {
        yield return ("clang, v2", ParserSources.Object("zboot", abi, "clang", "v2"));
        foreach ((string clang, string cpu) in ((string, string)[])[("clang-16", "v3"), ("clang-19", "v3"), ("clang-19", "v4")])
        {
            if (File.Exists("/usr/bin/" + clang))
                yield return ($"{clang}, {cpu}", ParserSources.Object("zboot", abi, clang, cpu));
        }
    }

    private static ParserCase V6(string name, byte[] image, byte[] parser) => new(name, ParserAbi.V6, Containers.WithParser(image, parser));

    private static ParserCase V7(string name, byte[] parsers, byte[] image) => new(name, ParserAbi.V7, parsers, image);

    private static byte[] Zboot(string compression, TempFolder folder) => compression == "gzip" ? TestZboot.Gzip(Kernel).Bytes : TestZboot.Zstd(Kernel, folder).Bytes;

    private static byte[] Uki(byte[] linux) => Containers.Uki((".linux", linux), (".initrd", Initrd[..2001]), (".initrd", Initrd[2001..]), (".cmdline", CommandLine));

    private static byte[] Envelope(byte[] image) => Containers.Elf((".kernel", image), (".initrd", Initrd), (".cmdline", CommandLine));

    private static byte[] Lying(byte[] zboot) => Changed(zboot, image => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(12), 0x1000_0000));

    // In the middle of the payload, whose place the header tells.
    private static byte[] Damaged(byte[] zboot) => Changed(zboot, image =>
    {
        int payload = BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(8)), size = BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(12));
        image.AsSpan(payload + (size / 2), 64).Fill(0xFF);
    });

    private static byte[] WithMagic(byte[] zboot) => Changed(zboot, image => image[BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(8))] = 0x55);

    private static byte[] Changed(byte[] zboot, Action<byte[]> change)
    {
        byte[] image = [.. zboot];
        change(image);
        return image;
    }
}
