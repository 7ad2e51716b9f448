using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;

namespace KexecSign.Formats.Tests.Bpf;

public class LightSkeletonTests
{
    private static readonly byte[] Data = [0, 1, 0x22, 0x5C, 0xFF, .. "name\0"u8, 0x0A, 0x7F, .. "0f"u8];
    private static readonly byte[] Instructions = [0xB7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Reads_both_dialects(bool arrays)
    {
        LightSkeleton skeleton = LightSkeleton.Parse(Text(arrays));

        skeleton.Data.ToArray().ShouldBe(Data);
        skeleton.Instructions.ToArray().ShouldBe(Instructions);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_compiler_reads_the_literals_in_the_same_way(bool arrays)
    {
        using var folder = new TempFolder();
        string body = arrays
            ? Text(true) + "\nint main(void) { fwrite(opts_data, 1, sizeof(opts_data) - 1, stdout); fwrite(opts_insn, 1, sizeof(opts_insn) - 1, stdout); }"
            : $"struct {{ unsigned ctx, data_sz, insns_sz; void *data, *insns; }} opts;\nint main(void) {{{Text(false)}\nfwrite(opts.data, 1, opts.data_sz, stdout); fwrite(opts.insns, 1, opts.insns_sz, stdout); }}";
        string source = folder.File("s.c", Encoding.ASCII.GetBytes("#include <stdio.h>\n" + body));
        Tool.Run("gcc", "-w", source, "-o", folder.At("s"));
        Tool.Run("bash", "-c", $"'{folder.At("s")}' > '{folder.At("bytes")}'");

        LightSkeleton ours = LightSkeleton.Parse(Text(arrays));
        File.ReadAllBytes(folder.At("bytes")).ShouldBe([.. ours.Data.ToArray(), .. ours.Instructions.ToArray()]);
    }

    [Fact]
    public void Refuses_a_header_without_the_arrays() => Refusal.Of("KS1320", () => LightSkeleton.Parse("struct parser { };\n"), "opts_data[]", "opts.data");

    [Fact]
    public void Refuses_a_header_with_one_array() => Refusal.Of("KS1320", () => LightSkeleton.Parse(Text(true).Replace("opts_insn", "opts_else")), "opts_insn[]");

    [Theory]
    [InlineData("\\q", "'\\q' is no escape")]
    [InlineData("\\x123", "3 hexadecimal digits")]
    [InlineData("\\xg", "0 hexadecimal digits")]
    [InlineData("\\777", "511")]
    [InlineData("\t", "0x9")]
    [InlineData("\u00e9", "0xe9")]
    [InlineData("\n", "0xa")]
    public void Refuses_what_bpftool_never_writes(string inside, string told) =>
        Refusal.Of("KS1321", () => LightSkeleton.Parse(Text(true).Replace("\\\n", "\\\n" + inside)), told, "line 3");

    [Fact]
    public void Refuses_a_literal_that_does_not_end() => Refusal.Of("KS1321", () => LightSkeleton.Parse(Text(true)[..90]), "does not end");

    [Fact]
    public void Refuses_a_literal_that_ends_in_an_escape() => Refusal.Of("KS1321", () => LightSkeleton.Parse("\n\tstatic const char opts_data[] = \"\\"), "does not end");

    [Fact]
    public void Refuses_two_literals_side_by_side() => Refusal.Of("KS1321", () => LightSkeleton.Parse(Text(true).Replace("\";\n", "\" \"x\";\n")), "no semicolon");

    [Fact]
    public void Refuses_a_literal_that_is_shorter_than_the_size_beside_it() =>
        Refusal.Of("KS1322", () => LightSkeleton.Parse(Text(false).Replace($"data_sz = {Data.Length}", $"data_sz = {Data.Length + 1}")), $"{Data.Length + 1}", $"{Data.Length}");

    [Fact]
    public void Refuses_half_an_instruction() => Refusal.Of("KS1313", () => LightSkeleton.Parse(Text(true, Instructions[..12])), "0xc");

    /// <summary>Written as bpftool 7.5 (arrays) or 7.1 writes it: hexadecimal for all but NUL, lines continued by a backslash.</summary>
    internal static string Text(bool arrays, byte[]? instructions = null, byte[]? data = null)
    {
        data ??= Data;
        instructions ??= Instructions;
        return arrays
            ? $"\n\tstatic const char opts_data[] __attribute__((__aligned__(8))) = \"\\\n{Literal(data)}\";\n"
              + $"\tstatic const char opts_insn[] __attribute__((__aligned__(8))) = \"\\\n{Literal(instructions)}\";\n"
            : $"\n\topts.ctx = 0;\n\topts.data_sz = {data.Length};\n\topts.data = (void *)\"\\\n{Literal(data)}\";\n"
              + $"\topts.insns_sz = {instructions.Length};\n\topts.insns = (void *)\"\\\n{Literal(instructions)}\";\n";
    }

    private static string Literal(byte[] bytes)
    {
        var text = new StringBuilder();
        for (int i = 0; i < bytes.Length; i++)
        {
            if (i > 0 && i % 8 == 0)
                text.Append("\\\n");
            text.Append(bytes[i] == 0 ? "\\0" : $"\\x{bytes[i]:x2}");
        }
        return text.ToString();
    }
}
