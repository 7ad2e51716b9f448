using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;

namespace KexecSign.Formats.Tests.Bpf;

/// <summary>The object that we write, read by readelf, by a linker, and by a C program that reads as the kernel does.</summary>
public sealed class BytecodeObjectTests : IDisposable
{
    private readonly TempFolder _folder = new();

    // kernel/kexec_bpf_loader.c, get_symbol_from_elf(): every symbol table, its own string table, global binding only.
    private const string KernelReader = """
        #include <elf.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        static char file[1 << 20];
        static size_t size;
        static void find(const char *name)
        {
            Elf64_Ehdr *header = (void *)file;
            if (size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_type != ET_REL)
                exit(2);
            if (header->e_shoff > size || header->e_shnum > (size - header->e_shoff) / sizeof(Elf64_Shdr))
                exit(3);
            Elf64_Shdr *sections = (void *)(file + header->e_shoff);
            for (int i = 0; i < header->e_shnum; i++) {
                if (sections[i].sh_type != SHT_SYMTAB || sections[i].sh_link >= header->e_shnum)
                    continue;
                const char *names = file + sections[sections[i].sh_link].sh_offset;
                Elf64_Sym *symbols = (void *)(file + sections[i].sh_offset);
                for (size_t k = 0; k < sections[i].sh_size / sizeof(Elf64_Sym); k++) {
                    if (ELF64_ST_BIND(symbols[k].st_info) != STB_GLOBAL || strcmp(names + symbols[k].st_name, name))
                        continue;
                    if (symbols[k].st_shndx == SHN_UNDEF || symbols[k].st_shndx >= header->e_shnum)
                        exit(4);
                    Elf64_Shdr *in = &sections[symbols[k].st_shndx];
                    if (in->sh_offset > size || in->sh_size > size - in->sh_offset || symbols[k].st_value > in->sh_size || symbols[k].st_size > in->sh_size - symbols[k].st_value)
                        exit(5);
                    size_t at = in->sh_offset + symbols[k].st_value;
                    if (at % 8 || file[at + symbols[k].st_size - 1])
                        exit(6);
                    fwrite(file + at, 1, symbols[k].st_size - 1, stdout);
                    return;
                }
            }
            exit(7);
        }
        int main(int count, char **arguments)
        {
            FILE *from = fopen(arguments[1], "rb");
            size = fread(file, 1, sizeof(file), from);
            find(arguments[2]);
            return 0;
        }
        """;

    [SkippableTheory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(8, 2)]
    [InlineData(4897, 550)]
    public void The_kernels_reader_finds_both_arrays(int dataLength, int instructions)
    {
        (byte[] data, byte[] program, string path) = Write(dataLength, instructions);
        string reader = _folder.At("reader");
        Tool.Run("gcc", "-O1", _folder.File("reader.c", Encoding.ASCII.GetBytes(KernelReader)), "-o", reader);
        foreach ((string name, byte[] wanted) in ((string, byte[])[])[("opts_data", data), ("opts_insn", program)])
        {
            Tool.Run("bash", "-c", $"'{reader}' '{path}' {name} > '{_folder.At("bytes")}'");
            File.ReadAllBytes(_folder.At("bytes")).ShouldBe(wanted);
        }
    }

    [SkippableFact]
    public void Readelf_has_nothing_to_complain_of()
    {
        string said = Tool.Run("bash", "-c", $"readelf -aW '{Write(21, 4).Path}' 2>&1");

        said.ShouldNotContain("Warning");
        said.ShouldNotContain("Error");
        said.ShouldMatch(@"0000000000000000 +22 OBJECT +GLOBAL DEFAULT +1 opts_data");
        said.ShouldMatch(@"0000000000000018 +33 OBJECT +GLOBAL DEFAULT +1 opts_insn");
    }

    [Fact]
    public void Our_own_reader_gives_back_what_was_written()
    {
        (byte[] data, byte[] program, string path) = Write(100, 10);

        ParserObject parser = ParserObject.Parse(File.ReadAllBytes(path));
        parser.Data.ToArray().ShouldBe(data);
        parser.Instructions.ToArray().ShouldBe(program);
    }

    public void Dispose() => _folder.Dispose();

    private (byte[] Data, byte[] Program, string Path) Write(int dataLength, int instructions)
    {
        byte[] data = [.. Enumerable.Range(1, dataLength).Select(i => (byte)(i % 255 | 1))], program = [.. Enumerable.Range(0, instructions * 8).Select(i => (byte)(255 - i % 256))];
        return (data, program, _folder.File("object.o", BytecodeObject.Write(new(data, program))));
    }
}
