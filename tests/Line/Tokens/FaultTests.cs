using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>What tokens do to their users. Nothing hangs, no half file is left, and the exit code and one line say what happened.</summary>
[Collection(nameof(TokenBench))]
public sealed class FaultTests(TokenBench bench) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("hang-at-start", "KS2028", "has not answered for 3 seconds")]
    [InlineData("hang-at-login", "KS2028", "token 'Bench' has not answered for 3 seconds")]
    [InlineData("hang-at-signature", "KS2028", "token 'Bench' has not answered for 3 seconds")]
    [InlineData("pin-locked", "KS2042", "CKR_PIN_LOCKED")]
    [InlineData("device-error", "KS2024", "CKR_DEVICE_ERROR")]
    public void A_faulty_module_ends_the_run_with_one_line(string fault, string code, string told)
    {
        TokenBench.Require();
        Answer answer = KexecSignProgram.RunWith(bench.Faulty(fault), bench.SignAll(_folder.Path));
        answer.Exit.ShouldBe(1, answer.Error);
        string line = answer.Error.Split('\n').Where(text => text.StartsWith("KS", StringComparison.Ordinal)).ShouldHaveSingleItem(answer.Error);
        line.ShouldStartWith(code);
        line.ShouldContain(told);
        Directory.GetFileSystemEntries(_folder.Path).ShouldBeEmpty();
    }

    [SkippableTheory]
    [InlineData("crash-on-load", "loaded")]
    [InlineData("fault-on-load", "loaded")]
    [InlineData("fault-at-start", "initialised")]
    [InlineData("trap-at-start", "initialised")]
    public void A_module_that_crashes_ends_the_run_with_one_line(string fault, string doing)
    {
        TokenBench.Require();
        Dictionary<string, string> environment = bench.Faulty(fault);
        Answer answer = KexecSignProgram.RunWith(environment, bench.SignAll(_folder.Path));
        answer.Exit.ShouldBe(1, answer.Error);
        string line = answer.Error.Split('\n').Where(text => text.StartsWith("KS", StringComparison.Ordinal)).ShouldHaveSingleItem(answer.Error);
        line.ShouldStartWith($"KS2014: PKCS#11 module {environment["KEXECSIGN_PKCS11_MODULE"]} crashed while it was being {doing}");
        Directory.GetFileSystemEntries(_folder.Path).ShouldBeEmpty();
    }

    [SkippableFact]
    public void Processes_share_one_token()
    {
        TokenBench.Require();
        var runs = Enumerable.Range(0, 4).Select(i => Task.Run(() => Sign(i))).ToArray();
        Task.WaitAll(runs);
        for (int i = 0; i < runs.Length; i++)
        {
            runs[i].Result.Exit.ShouldBe(0, runs[i].Result.Error);
            foreach (string image in bench.Images)
                Tool.Run("sbverify", "--cert", bench.Certificate(i % 2 == 0 ? "rsa" : "ec"), Path.Combine(_folder.Path, $"{i}", Path.GetFileName(image)));
        }

        // SoftHSM 2.6.1 now and then shows a process no token at all when it starts while another logs in; nothing was signed then.
        Answer Sign(int i)
        {
            string[] command = bench.SignAll(_folder.Folder($"{i}"), i % 2 == 0 ? "rsa" : "ec");
            Answer first = KexecSignProgram.RunWith(bench.Environment, command);
            return first.Error.Contains("KS2020", StringComparison.Ordinal) ? KexecSignProgram.RunWith(bench.Environment, command) : first;
        }
    }

    [SkippableFact]
    public void A_token_that_disappears_in_mid_batch_leaves_what_it_signed_and_nothing_half_done()
    {
        TokenBench.Require();
        using Daemon server = P11KitServer.Start(bench, _folder);
        var environment = new Dictionary<string, string>(bench.Faulty("server-dies", P11KitServer.Client))
        {
            ["P11_KIT_SERVER_ADDRESS"] = P11KitServer.Address(_folder),
            ["FAULTY_SERVER"] = $"{server.Id}",
        };
        string output = _folder.Folder("out");
        Answer answer = KexecSignProgram.RunWith(environment, bench.SignAll(output));
        string[] finished = Directory.GetFileSystemEntries(output);
        answer.Exit.ShouldBe(3, answer.Error);
        finished.Length.ShouldBeInRange(2, bench.Images.Length - 1);
        answer.Error.ShouldContain("token 'Bench' ");
        foreach (string image in finished)
            Tool.Run("sbverify", "--cert", bench.Certificate("rsa"), image);
    }
}
