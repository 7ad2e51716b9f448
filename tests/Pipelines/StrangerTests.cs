using System.Text.RegularExpressions;
using KexecSign.Fixtures;

namespace KexecSign.Pipelines.Tests;

/// <summary>Every line that is a gate, in a template or in the documents, given an image that a stranger signed.</summary>
public sealed partial class StrangerTests : IDisposable
{
    private const string Policy = Gates.Policy;

    private static readonly string[] Documents = ["README.md", "tutorial-packager.md", "tutorial-ci.md", "plan-guide.md"];

    private readonly Runner _runner = new();

    [SkippableTheory]
    [InlineData("github")]
    [InlineData("gitlab")]
    [InlineData("azure")]
    [InlineData("tekton")]
    public void A_gate_stays_closed(string system)
    {
        (string script, Dictionary<string, string> environment) = Gates.Of(system, _runner);
        Release();
        _runner.Run(script, environment);
        SignAsStranger("image1", "out/1.efi");
        (int exit, string output) = _runner.Ask(script, environment);
        exit.ShouldBe(4, output);
        output.ShouldContain("gate CLOSED");
        output.ShouldMatch("KS4640: .*out/1.efi: ");
        // A policy without certificates trusts nobody; that is no reason to let everybody pass.
        File.WriteAllText(_runner.At(Policy), """{ "signatures": { "outer": { "digests": ["sha256"] } } }""");
        (exit, output) = _runner.Ask(script, environment);
        exit.ShouldBe(4, output);
    }

    [SkippableTheory]
    [InlineData("debian/dh_kexecsign", "kexecsign verify \"$signed/$path\" --policy \"$KEXECSIGN_POLICY\"")]
    [InlineData("debian/dh_kexecsign", "kexecsign gate \"debian/$package\" --policy \"$KEXECSIGN_POLICY\"")]
    [InlineData("rpm/macros.kexecsign", "kexecsign verify \"$image\" --policy \"$KEXECSIGN_POLICY\"")]
    public void A_packages_gate_stays_closed(string file, string line)
    {
        // The macro takes policy and file as its arguments.
        string text = File.ReadAllText(Runner.Pipeline(file)).Replace("%{_kexecsign} verify %2 --policy %1", line, StringComparison.Ordinal);
        text.ShouldContain(line);
        SignAsStranger("image1", "stranger.efi");
        Directory.CreateDirectory(_runner.At("debian/linux"));
        File.Copy(_runner.At("stranger.efi"), _runner.At("debian/linux/vmlinuz"));
        (int exit, string output) = _runner.Ask(line, new() { ["package"] = "linux", ["image"] = "stranger.efi", ["signed"] = ".", ["path"] = "stranger.efi", ["KEXECSIGN_POLICY"] = Policy });
        exit.ShouldBe(4, output);
    }

    [SkippableFact]
    public void The_documents_gates_stay_closed()
    {
        string[] lines = [.. Documents.SelectMany(document => Line().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, document))))
            .Select(match => match.Groups[1].Value.Split("  #")[0].Trim()).Distinct()];
        lines.Length.ShouldBeGreaterThanOrEqualTo(8);
        foreach (string image in lines.Select(line => line.Split(' ')[2]).Distinct())
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_runner.At(image))!);
            SignAsStranger("image1", image);
        }
        foreach (string line in lines)
        {
            (int exit, string output) = _runner.Ask(line);
            exit.ShouldNotBe(0, $"{line}\n{output}");
            // Where the files of a page are not here, another refusal comes first.
            if (exit != 4)
                output.ShouldMatch(@"(?m)^KS\d{4}: ");
        }
    }

    public void Dispose() => _runner.Dispose();

    private void Release() => _runner.Run("kexecsign build kernel.plan.json --keys keys/release.keys.json --report report-1.json", _runner.Release);

    private void SignAsStranger(string image, string output)
    {
        if (!File.Exists(_runner.At("stranger.key")))
            Tool.Run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", _runner.At("stranger.key"), "-out", _runner.At("stranger.pem"), "-subj", "/CN=release", "-days", "90");
        File.Delete(_runner.At(output));
        _runner.Run($"kexecsign sign {image} --key stranger.key --cert stranger.pem -o {output}");
    }

    [GeneratedRegex("^(kexecsign verify .*)$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
