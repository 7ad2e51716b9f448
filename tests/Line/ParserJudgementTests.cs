using KexecSign.Fixtures;

namespace KexecSign.Line.Tests;

/// <summary>What is released has a parser that gives its own kernel.</summary>
[Collection(nameof(SigningBench))]
public sealed class ParserJudgementTests(SigningBench bench) : IDisposable
{
    private readonly TempFolder _folder = new();

    [SkippableFact]
    public void A_build_with_a_parser_that_gives_another_kernel_leaves_nothing()
    {
        Answer answer = Build("COMMAND_DECOMPRESS = 1", "COMMAND_DECOMPRESS = 2");
        answer.Exit.ShouldBe(1);
        answer.Error.ShouldContain("KS3655");
        answer.Error.ShouldContain("the parser gives a kernel of 0x");
        answer.Error.Split("sha256").Length.ShouldBe(3);
        Directory.EnumerateFileSystemEntries(_folder.Folder("out")).ShouldBeEmpty();
    }

    [SkippableFact]
    public void A_finished_image_gives_its_kernel()
    {
        string package = bench.Package(), result = _folder.At("result");
        KexecSignProgram.Succeed("simulate", Path.Combine(package, "vmlinuz.efi"), "-o", result, "-q");
        File.ReadAllBytes(Path.Combine(result, "kernel")).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(package, "Image.signed"))).ShouldBeTrue();
    }

    public void Dispose() => _folder.Dispose();

    // The built-in parser, with one line changed.
    private Answer Build(string from, string to)
    {
        string source = _folder.Folder("source"), parser = _folder.At("parser.o");
        foreach (string file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "parser")))
            File.WriteAllText(Path.Combine(source, Path.GetFileName(file)), File.ReadAllText(file).Replace(from, to, StringComparison.Ordinal));
        KexecSignProgram.Succeed("bpf", "compile", Path.Combine(source, "zboot.bpf.c"), "--abi", "v6", "-o", parser, "-q");
        return KexecSignProgram.Run(
            "build", "--image", bench.Image, "--kit", bench.Kit, "--parser", parser, "--level", "1", "-o", Path.Combine(_folder.Folder("out"), "vmlinuz.efi"));
    }
}
