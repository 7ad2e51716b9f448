using KexecSign.Fixtures;

namespace KexecSign.Line.Tests;

/// <summary>What the program writes is what the published schemas promise, as another implementation of JSON Schema sees it.</summary>
[Collection(nameof(SigningBench))]
public sealed class SchemaTests(SigningBench bench) : IDisposable
{
    private readonly TempFolder _folder = new();

    [SkippableFact]
    public void A_report_of_a_build() => Valid("build", File.ReadAllText(Path.Combine(bench.Package(), "report.json")));

    [SkippableFact]
    public void What_is_missing_is_noticed() =>
        Refused("build", File.ReadAllText(Path.Combine(bench.Package(), "report.json")).Replace("\"certificates\"", "\"signers\"", StringComparison.Ordinal)).ShouldContain("not valid under any of the given schemas");

    [SkippableFact]
    public void Answers_of_the_commands()
    {
        string image = Path.Combine(bench.Package(), "vmlinuz.efi"), small = _folder.File("image", TestImage.Arm64().Bytes);
        string[] key = ["--key", SigningBench.Key("db"), "--cert", bench.Certificate("db"), "--pin-file", bench.PinFile];
        Valid("inspect", Json("inspect", image));
        Valid("inspect", Json("inspect", small));
        Valid("verify", Json("verify", image, "--for", "firmware", "--cert", bench.Certificate("db")));
        Valid("sign", Json(["sign", small, .. key, "-o", _folder.At("signed")]));
        Valid("ima-sign", Json(["ima", "sign", small, .. key, "--sidecar"]));
        Valid("ima-verify", Json("ima", "verify", small, "--cert", bench.Certificate("db")));
        Valid("bpf-embed", Json("bpf", "embed", small, "--parser", bench.Parser, "-o", _folder.At("parsed")));
        Valid("bpf-extract", Json("bpf", "extract", _folder.At("parsed"), "-o", _folder.At("parser")));
        Valid("simulate", Json("simulate", image));
        Valid("bpf-compile", Json("bpf", "compile", "--parser", "zboot", "--abi", "v7", "-o", _folder.At("zboot.o")));
        Valid("bpf-container", Json(["bpf", "container", "--parser", _folder.At("zboot.o"), .. key, "-o", _folder.At("zboot.bpf")]));
        Valid("bpf-envelope", Json("bpf", "envelope", "--kernel", image, "--initrd", small, "--cmdline", "quiet", "-o", _folder.At("image.elf")));
        foreach (string file in (string[])["parsed", "zboot.o", "zboot.bpf", "image.elf"])
            Valid("bpf-inspect", Json("bpf", "inspect", _folder.At(file)));
        Valid("zboot-extract", Json("zboot", "extract", image, "-o", _folder.At("kernel")));
        Valid("zboot-build", Json("zboot", "build", "--kit", bench.Kit, "--image", bench.Image, "--level", "1", "-o", _folder.At("zboot")));
        Valid("keys-list", Json("keys", "list", "pkcs11:token=KexecSign%20demo?pin-source=file:" + bench.PinFile));
    }

    public void Dispose() => _folder.Dispose();

    private static string Json(params string[] arguments) => KexecSignProgram.Succeed([.. arguments, "--json", "-q"]).Output;

    private void Valid(string name, string document)
    {
        ToolAnswer answer = Ask(name, document);
        answer.Exit.ShouldBe(0, $"{name}: {answer.Output}\n{document}");
    }

    private string Refused(string name, string document)
    {
        ToolAnswer answer = Ask(name, document);
        answer.Exit.ShouldNotBe(0);
        return answer.Output;
    }

    private ToolAnswer Ask(string name, string document) =>
        SchemaJudge.Ask(name, _folder.File("document.json", System.Text.Encoding.UTF8.GetBytes(document)));
}
