using System.Buffers.Binary;
using KexecSign.Fixtures;
using KexecSign.Formats.Elf;

namespace KexecSign.Formats.Tests.Elf;

public class Elf64FileTests
{
    private static readonly byte[] Sample = ElfBuilder.Parser("some data"u8, new byte[16]);

    [Fact]
    public void Reads_sections_and_symbols()
    {
        Elf64File file = Elf64File.Parse(Sample);
        (file.Type, file.Machine).ShouldBe(((ushort)1, (ushort)183));
        file.Sections.Select(s => s.Name).ShouldBe(["", ".symtab", ".strtab", ".shstrtab", ".rodata"]);
        file.Symbols().Select(s => s.Name).ShouldBe(["", "opts_data", "opts_insn"]);
        file.End.ShouldBe(Sample.Length);
        Elf64File.Parse((byte[])[.. Sample, .. new byte[100]]).End.ShouldBe(Sample.Length);
    }

    [SkippableFact]
    public void Reads_an_object_of_the_real_compiler()
    {
        using var folder = new TempFolder();
        string source = folder.File("a.c", "int answer = 42; int f(void) { return answer; }"u8), target = folder.At("a.o");
        Tool.Run("gcc", "-c", source, "-o", target);
        byte[] bytes = File.ReadAllBytes(target);
        Elf64File file = Elf64File.Parse(bytes);
        file.End.ShouldBe(bytes.Length);
        ElfSymbol answer = file.Symbols().Single(s => s.Name == "answer");
        answer.IsGlobal.ShouldBeTrue();
        answer.Size.ShouldBe(4ul);
        file.Content(file.Sections[answer.SectionIndex]).Span[(int)answer.Value].ShouldBe((byte)42);
    }

    [Theory]
    [InlineData("")]
    [InlineData("7F454C46")]
    [InlineData("4D5A000000000000")]
    public void Refuses_what_is_no_ELF_file(string hex) => Refusal.Of("KS1301", () => Elf64File.Parse(Convert.FromHexString(hex)));

    [Theory]
    [InlineData(4, 1)]
    [InlineData(5, 2)]
    public void Refuses_32_bit_and_big_endian_files(int offset, byte value) =>
        Refusal.Of("KS1301", () => Elf64File.Parse(With(f => f[offset] = value)), "7F454C46");

    [Theory]
    [InlineData(40, 0xFFFFFFFFFFFFFFFFul)]
    [InlineData(40, 0x8000000000000000ul)]
    [InlineData(40, 0x1000ul)]
    public void Refuses_a_section_table_outside_the_file(int offset, ulong value) =>
        Refusal.Of("KS1302", () => Elf64File.Parse(With(f => BinaryPrimitives.WriteUInt64LittleEndian(f.AsSpan(offset), value))), $"0x{value:x}", $"0x{Sample.Length:x}");

    [Fact]
    public void Refuses_more_sections_than_the_file_holds() =>
        Refusal.Of("KS1302", () => Elf64File.Parse(With(f => f[61] = 0xFF)), $"0x{0xFF05 * 64:x}");

    [Fact]
    public void Refuses_a_name_table_that_is_none() => Refusal.Of("KS1303", () => Elf64File.Parse(With(f => f[62] = 5)), "e_shstrndx", "0x5", "0x4");

    [Fact]
    public void Refuses_section_headers_of_another_size() => Refusal.Of("KS1303", () => Elf64File.Parse(With(f => f[58] = 40)), "e_shentsize", "0x28", "0x40");

    [Theory]
    [InlineData(24, 0xFFFFFFFFFFFFFFF0ul)]
    [InlineData(32, 0xFFFFFFFFFFFFFFFFul)]
    [InlineData(32, 0x7FFFFFFFFFFFFFFFul)]
    public void Refuses_a_section_outside_the_file(int field, ulong value) =>
        Refusal.Of("KS1302", () => Elf64File.Parse(With(f => BinaryPrimitives.WriteUInt64LittleEndian(f.AsSpan(ElfBuilder.Field(f, 4, field)), value))), ".rodata", $"0x{value:x}");

    [Fact]
    public void Refuses_a_symbol_table_whose_names_are_nowhere() =>
        Refusal.Of("KS1303", () => _ = Elf64File.Parse(With(f => f[ElfBuilder.Field(f, ElfBuilder.SymbolTable, 40)] = 9)).Symbols().ToList(), "sh_link", "0x9", "0x4");

    [Fact]
    public void A_name_that_is_not_ended_stops_at_its_table()
    {
        byte[] file = With(f => f.AsSpan((int)BinaryPrimitives.ReadInt64LittleEndian(f.AsSpan(ElfBuilder.Field(f, 3, 24))) + 33, 2).Fill((byte)'x'));
        Elf64File.Parse(file).Sections[4].Name.ShouldBe(".rodatxx"[..8]);
    }

    private static byte[] With(Action<byte[]> change)
    {
        byte[] copy = [.. Sample];
        change(copy);
        return copy;
    }
}
