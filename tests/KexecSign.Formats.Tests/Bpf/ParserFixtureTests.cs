using System.Text;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Tests.Tools;

namespace KexecSign.Formats.Tests.Bpf;

/// <summary>The parser that the demo embeds, built as the demo builds it.</summary>
public sealed class ParserFixtureTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-parser-");

    [SkippableFact]
    public void It_keeps_the_contract_of_series_6()
    {
        ParserObject parser = ParserObject.Parse(Build("one"));

        parser.Abi.ShouldBe(ParserAbi.V6);
        string data = Encoding.Latin1.GetString(parser.Data.Span);
        foreach (string name in (string[])["ringbuf_1", "ringbuf_4", "rodata.str1.1", "bpf_get_parser_context", "bpf_put_parser_context", "bpf_buffer_parser"])
            data.ShouldContain(name);
    }

    [SkippableFact]
    public void Builds_in_two_folders_give_the_same_bytes_and_name_neither()
    {
        byte[] one = Build("one"), two = Build("another folder");

        two.ShouldBe(one);
        Encoding.Latin1.GetString(one).ShouldNotContain(Path.GetTempPath());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private byte[] Build(string name)
    {
        Command.Require("clang", "clang");
        Command.Require("/usr/sbin/bpftool", "bpftool");
        Command.Require("/usr/include/bpf/bpf_helpers.h", "libbpf-dev");
        Command.Require("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu");
        string copy = _folder.CreateSubdirectory(name).FullName, output = Path.Combine(copy, "parser.o");
        foreach (string file in (string[])["parser.bpf.c", "build.sh"])
            File.Copy(Path.Combine(Source(), file), Path.Combine(copy, file));
        (int exit, string said) = Command.Run("bash", Path.Combine(copy, "build.sh"), output);
        exit.ShouldBe(0, said);
        said.ShouldBeEmpty();
        return File.ReadAllBytes(output);
    }

    // The deterministic build maps source paths, so the folder is found from where the test runs.
    private static string Source()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string parser = Path.Combine(at.FullName, "tests", "corpus", "parser");
            if (Directory.Exists(parser))
                return parser;
        }
        throw new DirectoryNotFoundException("tests/corpus/parser");
    }
}
