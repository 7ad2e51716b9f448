using System.Text;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>The PIN is nowhere in what runs say and write, however they end. (The MSBuild log has a test with the packages.)</summary>
[Collection(nameof(TokenBench))]
public sealed class SecretTests(TokenBench bench) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public void No_run_shows_or_keeps_the_PIN()
    {
        TokenBench.Require();
        string pinFile = _folder.Secret("pin", Encoding.UTF8.GetBytes(TokenBench.Pin + "\n"));
        string ec = "pkcs11:token=Bench;object=ec", image = bench.Images[0], output = _folder.Folder("out");
        Answer[] answers =
        [
            bench.Init!,
            Run(bench.Environment, [.. bench.SignAll(output), "-v", "--json"]),
            Run(bench.Environment, ["sign", image, "--key", $"{ec}?pin-value={TokenBench.Pin}", "--cert", bench.Certificate("ec"), "-o", _folder.At("value"), "-v", "--json"]),
            Run(bench.Environment, ["sign", image, "--key", $"{ec}?pin-value={TokenBench.Pin}", "--cert", bench.Certificate("ec"), "-o", _folder.At("dry"), "--dry-run", "--json"]),
            Run(bench.Environment, ["sign", image, "--key", $"pkcs11:token=Bench;object=none?pin-value={TokenBench.Pin}", "--cert", bench.Certificate("ec"), "-o", _folder.At("none"), "-v"]),
            Run(bench.Environment, ["sign", image, "--key", $"pkcs11:token=None?pin-value={TokenBench.Pin}", "--cert", bench.Certificate("ec"), "-o", _folder.At("none"), "-v"]),
            Run(bench.Environment, ["sign", image, "--key", $"pkcs11:token=Bench;object=%?pin-value={TokenBench.Pin}", "--cert", bench.Certificate("ec"), "-o", _folder.At("none"), "-v"]),
            Run(bench.Environment, ["sign", image, "--key", $"pkcs11:object=ec?pin-value={TokenBench.Pin}&pin-source=file:x", "--cert", bench.Certificate("ec"), "-o", _folder.At("none"), "-v"]),
            Run(bench.Environment, ["ima", "sign", image, "--key", $"{ec}?pin-source=file:{pinFile}", "--cert", bench.Certificate("ec"), "--sidecar", "--json", "-v"]),
            Run(bench.Environment, ["keys", "list", "pkcs11:token=Bench", "--pin-file", pinFile, "--json", "-v"]),
            Run(bench.Faulty("pin-locked"), [.. bench.SignAll(output), "-v"]),
            Run(bench.Faulty("hang-at-login"), [.. bench.SignAll(output), "-v"]),
        ];
        answers.Select(answer => answer.Exit).Distinct().Order().ShouldBe([0, 1, 2]);
        foreach (Answer answer in answers)
            (answer.Output + answer.Error).ShouldNotContain(TokenBench.Pin);
        File.Delete(pinFile);
        foreach (string file in Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories).Concat(Directory.EnumerateFiles(bench.Folder.Path, "*", SearchOption.AllDirectories)))
            Holds(file).ShouldBeFalse(file);
    }

    private static Answer Run(Dictionary<string, string> environment, string[] arguments) => KexecSignProgram.RunWith(environment, arguments);

    private static bool Holds(string file)
    {
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(file);
        return bytes.IndexOf(Encoding.UTF8.GetBytes(TokenBench.Pin)) >= 0 || bytes.IndexOf(Encoding.Unicode.GetBytes(TokenBench.Pin)) >= 0;
    }
}
