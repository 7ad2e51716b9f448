using System.Buffers.Binary;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Tests.Elf;

namespace KexecSign.Formats.Tests.Bpf;

public class ParserObjectTests
{
    private static readonly byte[] Sample = ElfBuilder.Parser("fentry.s/kexec_image_parser_anchor"u8, new byte[24]);

    [Theory]
    [InlineData("fentry.s/kexec_image_parser_anchor", ParserAbi.V6OrV7)]
    [InlineData("fentry.s/bpf_handle_pefile fentry.s/bpf_post_handle_pefile", ParserAbi.V5)]
    [InlineData("something else", ParserAbi.Unknown)]
    public void Tells_the_series_by_its_hook(string data, ParserAbi abi)
    {
        ParserObject parser = ParserObject.Parse(ElfBuilder.Parser(System.Text.Encoding.ASCII.GetBytes(data), new byte[16]));
        parser.Abi.ShouldBe(abi);
        parser.Data.Length.ShouldBe(data.Length);
        parser.Instructions.Length.ShouldBe(16);
    }

    [SkippableTheory]
    [InlineData("gcc")]
    [InlineData("aarch64-linux-gnu-gcc")]
    public void Reads_what_a_compiler_makes_of_the_skeleton(string compiler)
    {
        using var folder = new TempFolder();
        string source = folder.File("p.c", """
            const char opts_data[] __attribute__((__aligned__(8))) = "\1\2kexec_image_parser_anchor\0\3";
            const char opts_insn[] __attribute__((__aligned__(8))) = "\xbf\x16\0\0\0\0\0\0\x95\0\0\0\0\0\0\0";
            """u8);
        Tool.Run(compiler, "-O2", "-c", source, "-o", folder.At("p.o"));
        ParserObject parser = ParserObject.Parse(File.ReadAllBytes(folder.At("p.o")));
        parser.Data.ToArray().ShouldBe([1, 2, .. "kexec_image_parser_anchor\0"u8, 3]);
        parser.Instructions.ToArray().ShouldBe([0xbf, 0x16, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);
    }

    [Fact]
    public void Takes_zero_padding_behind_it() => ParserObject.Parse((byte[])[.. Sample, .. new byte[300]]).Abi.ShouldBe(ParserAbi.V6OrV7);

    [Fact]
    public void Refuses_an_executable() => Refusal.Of("KS1303", () => ParserObject.Parse(With(f => f[16] = 2)), "e_type", "0x2", "0x1");

    [Fact]
    public void Refuses_symbols_that_are_not_global() => Refusal.Of("KS1311", () => ParserObject.Parse(With(f => f[ElfBuilder.SymbolField(f, 1, 4)] = 1)), "opts_data");

    [Theory]
    [InlineData(0)]
    [InlineData(0xFFF1)]
    public void Refuses_symbols_without_a_section(int index) =>
        Refusal.Of("KS1311", () => ParserObject.Parse(With(f => BinaryPrimitives.WriteUInt16LittleEndian(f.AsSpan(ElfBuilder.SymbolField(f, 2, 6)), (ushort)index))), "opts_insn");

    [Theory]
    [InlineData(8, 0xFFFFFFFFFFFFFFFFul)]
    [InlineData(16, 0xFFFFFFFFFFFFFFFFul)]
    [InlineData(16, 0ul)]
    [InlineData(8, 0x40ul)]
    public void Refuses_symbols_outside_their_section(int field, ulong value) =>
        Refusal.Of("KS1312", () => ParserObject.Parse(With(f => BinaryPrimitives.WriteUInt64LittleEndian(f.AsSpan(ElfBuilder.SymbolField(f, 2, field)), value))), "opts_insn", $"0x{value:x}");

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(17)]
    public void Refuses_broken_instructions(int length) =>
        Refusal.Of("KS1313", () => ParserObject.Parse(ElfBuilder.Parser("data"u8, new byte[length])), $"0x{length:x}");

    [Fact]
    public void Refuses_an_array_without_its_closing_NUL()
    {
        byte[] instructions = new byte[24];
        instructions.AsSpan().Fill(0x95);
        byte[] file = ElfBuilder.Parser("data"u8, instructions);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(ElfBuilder.SymbolField(file, 2, 16)), 17);
        Refusal.Of("KS1314", () => ParserObject.Parse(file), "opts_insn", "0x95");
    }

    private static byte[] With(Action<byte[]> change)
    {
        byte[] copy = [.. Sample];
        change(copy);
        return copy;
    }
}
