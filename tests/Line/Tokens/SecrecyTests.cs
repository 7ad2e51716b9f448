using System.Text;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>What a hostile process of the same user finds of a signer, and what is refused rather than repeated.</summary>
[Collection(nameof(TokenBench))]
public sealed class SecrecyTests(TokenBench bench) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    public void A_PIN_file_that_others_may_read_is_refused(UnixFileMode others)
    {
        TokenBench.Require();
        string pin = _folder.Secret("pin", Encoding.UTF8.GetBytes(TokenBench.Pin + "\n"));
        File.SetUnixFileMode(pin, File.GetUnixFileMode(pin) | others);
        Answer answer = KexecSignProgram.RunWith(bench.Environment,
            "sign", bench.Images[0], "--key", "pkcs11:token=Bench;object=rsa", "--cert", bench.Certificate("rsa"), "--pin-file", pin, "-o", _folder.At("out"));
        answer.Exit.ShouldBe(1, answer.Error);
        answer.Error.ShouldContain("KS2074");
        answer.Error.ShouldNotContain(TokenBench.Pin);
    }

    [SkippableFact]
    public void The_PIN_itself_in_place_of_a_variables_name_is_refused_and_not_repeated()
    {
        TokenBench.Require();
        foreach (string verbosity in (string[])["-q", "-v", "--json", "--dry-run"])
        {
            Answer answer = KexecSignProgram.RunWith(bench.Environment,
                "sign", bench.Images[0], "--key", "pkcs11:token=Bench;object=rsa", "--cert", bench.Certificate("rsa"), "--pin-env", TokenBench.Pin, "-o", _folder.At("out"), verbosity);
            (answer.Output + answer.Error).ShouldNotContain(TokenBench.Pin);
            if (verbosity != "--dry-run")
                answer.Error.ShouldContain("KS2075");
        }
    }

    [SkippableFact]
    public void Environment_and_memory_of_a_signer_are_roots_alone_and_the_PIN_is_gone_from_its_environment()
    {
        TokenBench.Require();
        string mark = _folder.At("mark");
        using RunningProcess process = new ProcessRun(ProgramUnderTest.Path,
            ["sign", bench.Images[0], "--key", "pkcs11:token=Bench;object=rsa", "--cert", bench.Certificate("rsa"), "--pin-env", "BENCH_PIN", "-o", _folder.At("out")])
        {
            Environment = new Dictionary<string, string>(bench.Faulty("hang-at-signature")) { ["KEXECSIGN_PKCS11_TIMEOUT"] = "60", ["FAULTY_MARK"] = mark },
        }.Start();
        try
        {
            process.Until(() => File.Exists(mark), TimeSpan.FromSeconds(30)).ShouldBeTrue();
            // Of an undumpable process root owns what /proc shows, whoever runs it: that is what keeps others of its user out.
            File.GetUnixFileMode($"/proc/{process.Id}/environ").ShouldBe(UnixFileMode.UserRead);
            Tool.Run("stat", "-c", "%U", $"/proc/{process.Id}/environ").Trim().ShouldBe("root");
            if (Environment.IsPrivilegedProcess)
            {
                string environment = File.ReadAllText($"/proc/{process.Id}/environ");
                environment.ShouldNotContain(TokenBench.Pin);
                environment.ShouldContain("FAULTY_MARK");
            }
        }
        finally
        {
            process.Kill();
        }
    }

    [SkippableFact]
    public void A_dry_run_names_the_module_and_a_relative_one_is_refused()
    {
        TokenBench.Require();
        string[] command = ["sign", bench.Images[0], "--cert", bench.Certificate("rsa"), "-o", _folder.At("out")];
        Answer planned = KexecSignProgram.RunWith(bench.Environment, [.. command, "--key", "pkcs11:object=rsa", "--dry-run"]);
        (planned.Output + planned.Error).ShouldContain($"PKCS#11 module {TokenBench.SoftHsm}");
        Answer refused = KexecSignProgram.RunWith(bench.Environment, [.. command, "--key", "pkcs11:object=rsa?module-path=./evil.so"]);
        refused.Exit.ShouldBe(2);
        refused.Error.ShouldContain("KS2073");
        // A bare name is one of the system's modules, wherever one stands.
        Answer named = KexecSignProgram.RunWith(bench.Environment, [.. command, "--key", "pkcs11:token=Bench;object=rsa?module-path=libsofthsm2.so", "--pin-env", "BENCH_PIN"]);
        named.Exit.ShouldBe(0, named.Error);
    }
}
