using System.Collections.Immutable;
using KexecSign.Fixtures;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Bpf;

namespace KexecSign.Formats.Tests.Bpf;

/// <summary>Parser ELFs, read by the kernel's rules; objcopy makes them as the kernel's own build does.</summary>
public sealed class ParserElfTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static readonly ReadOnlyMemory<byte> One = "first parser"u8.ToArray(), Two = "second"u8.ToArray();

    [Fact]
    public void What_goes_in_comes_out()
    {
        byte[] inner = ParserElf.Write([Two], null);
        ParserElf read = ParserElf.Read(ParserElf.Write([One, Two], inner));

        read.Parsers.Select(p => p.ToArray()).ShouldBe([One.ToArray(), Two.ToArray()]);
        read.Nested!.Value.ToArray().ShouldBe(inner);
        read.Signature.ShouldBeNull();
        read.Sections.Select(s => s.Name).ShouldBe([".bpf.1", ".bpf.2", ".bpf.nested", ".shstrtab"]);
        read.Sections.Take(3).ShouldAllBe(s => s.Offset % 8 == 0);
    }

    [SkippableFact]
    public void Readelf_and_objcopy_agree()
    {
        string path = _folder.File("p.bpf", ParserElf.Write([One, Two], ParserElf.Write([Two], null)));

        string said = Tool.Run("bash", "-c", $"readelf -aW '{path}' 2>&1");
        said.ShouldNotContain("Warning");
        said.ShouldNotContain("Error");
        Tool.Run("bash", "-c", $"objcopy -I elf64-little -O binary --only-section=.bpf.2 --set-section-flags .bpf.2=alloc '{path}' '{_folder.At("two")}'");
        File.ReadAllBytes(_folder.At("two")).ShouldBe(Two.ToArray());
    }

    [SkippableFact]
    public void Takes_what_the_kernels_recipe_makes()
    {
        string folder = _folder.Path;
        _folder.File("one", One.Span);
        _folder.File("two", Two.Span);
        Tool.Run("bash", "-c", $"cd '{folder}' && : >e.c && gcc -c e.c -o e.o && objcopy --add-section .bpf.1=one --set-section-flags .bpf.1=readonly,data e.o a.o"
            + " && objcopy --add-section .bpf.nested=two --set-section-flags .bpf.nested=readonly,data a.o b.o && objcopy --only-section=.bpf.1 --only-section=.bpf.nested b.o p.bpf");

        ParserElf read = ParserElf.Read(File.ReadAllBytes(_folder.At("p.bpf")));
        read.Parsers.Single().ToArray().ShouldBe(One.ToArray());
        read.Nested!.Value.ToArray().ShouldBe(Two.ToArray());
    }

    [Fact]
    public void Sees_the_signature_of_each_level()
    {
        byte[] signature = AppendedSignature.Encode([0x30, 0]);
        byte[] inner = [.. ParserElf.Write([One], null), .. signature];

        ImmutableArray<ParserElf> levels = ParserElf.ReadAll(ParserElf.Write([Two], inner));
        levels.Select(l => l.Signature is not null).ShouldBe([false, true]);
        levels[0].Nested!.Value.ToArray().ShouldBe(inner);
    }

    [Theory]
    [InlineData(".bpf.2", ".bpf.9", "KS1330")]
    [InlineData(".bpf.2", ".bpf.0", "KS1330")]
    [InlineData(".bpf.2", ".symtab", "KS1330")]
    [InlineData(".bpf.2", ".bpf.1", "KS1331")]
    [InlineData(".bpf.2", ".bpf.3", "KS1332")]
    public void Refuses_the_section_lists_that_the_kernel_refuses(string name, string instead, string code) =>
        Refusal.Of(code, () => ParserElf.Read(Renamed(ParserElf.Write([One, Two], null), name, instead)));

    [Fact]
    public void Refuses_a_second_nested_section() =>
        Refusal.Of("KS1330", () => ParserElf.Read(Renamed(ParserElf.Write([One], Two), ".bpf.nested", ".bpf.11\0\0\0\0")), ".bpf.11");

    [Fact]
    public void Refuses_a_sixth_level()
    {
        byte[] elf = ParserElf.Write([One], null);
        for (int level = 1; level <= ParserElf.DeepestLevel; level++)
            elf = ParserElf.Write([One], elf);
        ParserElf.ReadAll(elf).Length.ShouldBe(5);

        Refusal.Of("KS1333", () => ParserElf.ReadAll(ParserElf.Write([One], elf)), "6 deep");
    }

    [Fact]
    public void Refuses_a_ninth_parser_and_none()
    {
        ParserElf.Read(ParserElf.Write([.. Enumerable.Repeat(One, 8)], null)).Parsers.Length.ShouldBe(8);
        Refusal.Of("KS1337", () => ParserElf.Write([.. Enumerable.Repeat(One, 9)], null), "9", "8");
        Refusal.Of("KS1337", () => ParserElf.Write([], null), "0");
    }

    [Fact]
    public void Refuses_names_that_do_not_end()
    {
        byte[] elf = ParserElf.Write([One], null);
        int names = elf.AsSpan().IndexOf(".shstrtab\0"u8);
        elf[names + 9] = (byte)'x';
        Refusal.Of("KS1334", () => ParserElf.Read(elf), "0x78");
    }

    [Fact]
    public void Damaged_files_are_answered_for()
    {
        byte[] sound = ParserElf.Write([One, Two], ParserElf.Write([Two], null));
        int refused = 0;
        foreach (byte[] damaged in Mutations.Of(sound, 0, sound.Length, 5000, seed: 61))
        {
            try
            {
                ParserElf.ReadAll(damaged);
            }
            catch (Formats.Errors.KexecSignException)
            {
                refused++;
            }
        }
        refused.ShouldBeInRange(500, 4999);
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Renamed(byte[] elf, string name, string instead)
    {
        byte[] from = System.Text.Encoding.ASCII.GetBytes(name), to = System.Text.Encoding.ASCII.GetBytes(instead);
        int at = elf.AsSpan().LastIndexOf(from);
        to.CopyTo(elf, at);
        return elf;
    }
}
