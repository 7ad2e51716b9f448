using System.Text;
using KexecSign.Commands.Bpf;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;
using KexecSign.Parsers;

namespace KexecSign.Tests.Commands.Bpf;

/// <summary>From C to objects, with the compilers that Debian has.</summary>
public sealed class BpfCompileTests : IDisposable
{
    private const string Header = "#include \"image.h\"\n";
    private const string OwnRing = "struct { int (*type)[27]; int (*max_entries)[0x10000]; } ringbuf_0 SEC(\".maps\");\n";

    private readonly Bench _bench = new();

    public static TheoryData<string, string> All => new()
    {
        { "zboot", "v5" }, { "zboot", "v6" }, { "zboot", "v7" }, { "uki", "v5" }, { "uki", "v6" }, { "uki", "v7" },
    };

    [SkippableTheory]
    [MemberData(nameof(All))]
    public void The_built_in_parsers_keep_the_contract(string name, string abi)
    {
        ParserObject parser = ParserObject.Parse(File.ReadAllBytes(Parsers.BuiltIn(_bench, name, abi)));

        parser.Abi.ToString().ShouldBe(abi.ToUpperInvariant());
        parser.CutsPayload.ShouldBeFalse();
        InspectedParser inspected = InspectedParser.Of("", parser, parser.Abi, parser.Abi);
        inspected.Findings.ShouldBeEmpty();
        inspected.Toolchain.ShouldEndWith("writes them");
        inspected.Maps.Select(m => m.Name).ShouldBe(abi == "v5"
            ? ["ringbuf_1", "ringbuf_2", "ringbuf_3", "ringbuf_4", "rodata", "data", "bss", "rodata_str1_1"]
            : ["ringbuf_1", "ringbuf_2", "ringbuf_3", "ringbuf_4", "rodata", "data", "rodata_str1_1", "bss"]);
        inspected.Maps.Take(4).ShouldAllBe(m => m.Bytes >= 0x10000 && m.LoadsWithPagesKiB.SequenceEqual(new[] { 4, 16, 64 }));
        inspected.Programs.Select(p => p.Hook).ShouldBe(abi == "v5" ? ["bpf_handle_pefile", "bpf_post_handle_pefile"] : ["kexec_image_parser_anchor"]);
    }

    [SkippableTheory]
    [InlineData("clang-16")]
    [InlineData("clang-19")]
    public void Other_compilers_keep_it_too(string clang)
    {
        Tool.Require("clang", "bpftool");
        Skip.IfNot(File.Exists("/usr/bin/" + clang), $"{clang} is not installed; it is 90 MB and more, and clang 14 is what Debian 12 has.");
        foreach (object[] row in All)
            Compile(o => o with { Parser = (string)row[0], Abi = (string)row[1], Clang = clang }).Parser.Findings.ShouldBeEmpty();
    }

    [SkippableFact]
    public void A_source_gives_the_same_bytes_in_any_folder_and_names_none()
    {
        Tool.Require("clang", "bpftool");
        string[] folders = [_bench.Folder.Folder("one"), _bench.Folder.Folder("another folder")];
        byte[][] objects = [.. folders.Select(folder =>
        {
            string source = Path.Combine(folder, "mine.bpf.c");
            File.WriteAllText(source, Source());
            return Bytes(Compile(o => o with { Source = source, Abi = "v6" }));
        })];

        objects[1].ShouldBe(objects[0]);
        string text = Encoding.Latin1.GetString(objects[0]);
        text.ShouldNotContain(_bench.Folder.Path);
        text.ShouldNotContain(Path.GetTempPath());
        text.ShouldNotContain("/usr");
    }

    [SkippableFact]
    public void Takes_a_parser_that_someone_else_wrote()
    {
        Tool.Require("clang", "bpftool");
        Tool.Demand(File.Exists("/usr/include/bpf/bpf_helpers.h"), "bpf/bpf_helpers.h is missing; apt-get install libbpf-dev");
        BpfCompileResult result = Compile(o => o with { Source = Path.Combine(AppContext.BaseDirectory, "corpus", "parser", "parser.bpf.c"), Abi = "v6" });
        result.Parser.Findings.ShouldBeEmpty();
        result.Parser.Programs.Single().KernelFunctions.Order().ShouldBe(["bpf_buffer_parser", "bpf_get_parser_context", "bpf_put_parser_context"]);
    }

    [SkippableFact]
    public void A_built_in_parser_is_the_same_every_time()
    {
        byte[] first = File.ReadAllBytes(Parsers.BuiltIn(_bench, "zboot", "v7"));
        Bytes(Compile(o => o with { Parser = "zboot", Abi = "v7" })).ShouldBe(first);
    }

    [SkippableTheory]
    [InlineData("zboot", 0x3FFF000L, null, 0x4000000L)]
    [InlineData("zboot", 0x4000000L, null, 0x8000000L)]
    [InlineData("zboot", 1L, null, 0x10000L)]
    [InlineData("zboot", 1L << 20, 1L << 24, 1L << 24)]
    [InlineData("uki", 100L << 20, null, 128L << 20)]
    [InlineData("uki", 126L << 20, null, 256L << 20)]
    public void The_ring_buffer_has_room_for_one_record(string name, long imageSize, long? ringSize, long wanted) =>
        Compile(o => o with { Parser = name, Abi = "v6", ImageSize = imageSize, RingSize = ringSize }).Parser.Maps[0].Bytes.ShouldBe(wanted);

    [Fact]
    public void A_compiler_that_leaves_nothing_and_calls_that_success_is_named() =>
        Refusal.Of("KS5050", () => Compile(o => o with { Parser = "zboot", Abi = "v6", Clang = "/bin/true" }),
            "true ended without an error but left no parser.bpf.o", "Run it by hand");

    [SkippableFact]
    public void A_ring_that_has_no_room_is_refused_by_the_compiler() =>
        Refusal.Of("KS5003", () => Compile(o => o with { Parser = "zboot", Abi = "v6", ImageSize = 1 << 24, RingSize = 1 << 20 }), "does not fit into RINGBUF1_SIZE");

    [Theory]
    [InlineData(4096L)]
    [InlineData(0x18000L)]
    [InlineData(1L << 31)]
    public void Refuses_rings_that_no_kernel_creates(long size) =>
        Refusal.Of("KS3602", () => Compile(o => o with { Parser = "zboot", Abi = "v6", RingSize = size }), $"{size}");

    [SkippableFact]
    public void Refuses_a_parser_with_a_map_too_many()
    {
        Refusal.Of("KS3601", () => Compile(o => o with { Source = Write(Source().Replace(Header, Header + OwnRing)), Abi = "v6" }), "KS4500", "ringbuf_0");
        File.Exists(_bench.Folder.At("out.o")).ShouldBeFalse();
    }

    [SkippableTheory]
    [InlineData("\"GPL\"", "\"Proprietary\"", "KS4505")]
    [InlineData("fentry.s/kexec", "fentry/kexec", "KS4503")]
    [InlineData("fentry.s/kexec_image_parser_anchor", "fentry.s/kernel_read_file", "KS4502")]
    [InlineData("bpf_buffer_parser", "bpf_other_function", "KS4504")]
    [InlineData("RINGBUF_MIN 0x10000", "RINGBUF_MIN 0x4000", "KS4506")]
    [InlineData("RINGBUF(ringbuf_4", "SEC(\"fentry.s/kexec_image_parser_anchor\") int more(u64 *a) { return 0; }\nRINGBUF(ringbuf_4", "KS4501")]
    public void Each_fault_of_a_skeleton_is_told_by_its_code(string part, string instead, string code)
    {
        Tool.Require("clang", "bpftool");
        string folder = _bench.Folder.Folder("changed");
        using var work = WorkFolder.Open(folder);
        BuiltInParsers.Write(work, null, default);
        string[] holding = [.. Directory.GetFiles(folder).Where(file => File.ReadAllText(file).Contains(part, StringComparison.Ordinal))];
        holding.ShouldNotBeEmpty();
        foreach (string file in holding)
            File.WriteAllText(file, File.ReadAllText(file).Replace(part, instead));
        string source = work.File("mine.bpf.c");
        File.WriteAllText(source, Source());

        var compiler = new ParserCompiler(6, new("clang", "test", "clang"), new("bpftool", "test", "bpftool") { AlsoIn = ["/usr/sbin"] });
        ParserObject parser = ParserObject.Parse(BytecodeObject.Write(compiler.Compile(source, work, _bench.Context)));
        InspectedParser.Of("", parser, ParserAbi.V6, ParserAbi.V6).Findings.Select(f => f.Code).ShouldContain(code);
    }

    [SkippableFact]
    public void Tells_when_an_object_names_the_folder_it_was_compiled_in()
    {
        Tool.Require("clang", "bpftool");
        string folder = _bench.Folder.Folder("upstream");
        using var work = WorkFolder.Open(folder);
        BuiltInParsers.Write(work, "zboot", default);
        string tool = File.Exists("/usr/sbin/bpftool") ? "/usr/sbin/bpftool" : "bpftool";
        Tool.Run("bash", "-c", $"cd '{folder}' && clang -g -O2 -target bpf -mcpu=v3 -DKEXEC_ABI=6 -c '{folder}/zboot.bpf.c' -o z.o && {tool} gen skeleton -L z.o > z.h 2>z.log");

        ParserObject parser = ParserObject.Parse(BytecodeObject.Write(LightSkeleton.Parse(File.ReadAllText(work.File("z.h")))));
        ParserFinding finding = InspectedParser.Of("", parser, parser.Abi, parser.Abi).Findings.ShouldHaveSingleItem();
        (finding.Code, finding.Breaks).ShouldBe(("KS4508", false));
        finding.Message.ShouldContain(folder);
    }

    [SkippableFact]
    public void Refuses_a_parser_for_another_series()
    {
        Tool.Require("clang", "bpftool");
        Refusal.Of("KS3601", () => Compile(o => o with { Source = Write("#undef KEXEC_ABI\n#define KEXEC_ABI 5\n" + Source()), Abi = "v6" }), "v6", "KS4500", "bss rodata_str1_1");
    }

    [SkippableFact]
    public void Passes_the_compilers_error_on()
    {
        Tool.Require("clang", "bpftool");
        string source = _bench.Folder.File("broken.bpf.c", "int x = ;"u8);
        Refusal.Of("KS5003", () => Compile(o => o with { Source = source, Abi = "v6" }), "clang", "expected expression");
    }

    [Fact]
    public void Says_what_is_missing()
    {
        Refusal.Of("KS3600", () => Compile(o => o with { Abi = "v6" }), "none");
        Refusal.Of("KS3600", () => Compile(o => o with { Abi = "v6", Parser = "uki", Source = "x" }), "both");
        Refusal.Of("KS3010", () => Compile(o => o with { Parser = "uki" }), "--abi");
        Refusal.Of("KS3012", () => Compile(o => o with { Parser = "uki", Abi = "v8" }), "v8");
        Refusal.Of("KS3001", () => Compile(o => o with { Source = _bench.Folder.At("none.bpf.c"), Abi = "v6" }), "none.bpf.c");
        Refusal.Of("KS5002", () => Compile(o => o with { Parser = "uki", Abi = "v6", Clang = "clang-of-nobody" }), "clang-of-nobody");
    }

    [Theory]
    [InlineData("1", 1L)]
    [InlineData("64K", 65536L)]
    [InlineData("200M", 209715200L)]
    [InlineData("1G", 1073741824L)]
    public void Numbers_of_bytes_have_units(string text, long bytes) => ByteCounts.Parse("x", text).ShouldBe(bytes);

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("M")]
    [InlineData("1T")]
    [InlineData("1.5M")]
    [InlineData("99999999999999999999")]
    public void Refuses_other_numbers(string text) => Refusal.Of("KS3603", () => ByteCounts.Parse("image-size", text), "--image-size");

    public void Dispose() => _bench.Dispose();

    private BpfCompileResult Compile(Func<BpfCompileOptions, BpfCompileOptions> change) =>
        BpfCompileOperation.Definition.Run(change(new() { Output = _bench.Folder.At("out.o") }), _bench.Context);

    private string Write(string source) => _bench.Folder.File("mine.bpf.c", Encoding.ASCII.GetBytes(source));

    private static byte[] Bytes(BpfCompileResult result) => File.ReadAllBytes(result.File);

    private static string Source() => """
        #define IMAGE_SIZE 0x10000
        #include "image.h"

        PARSER(mine)
        {
            struct blob image;

            container(context, &image);
            if (load(session, &image))
                return -1;
            return give(session, TARGET_KERNEL, image.size, FINAL);
        }
        """;
}
