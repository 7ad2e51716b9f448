using System.Globalization;
using KexecSign.Fixtures;
using Xunit.Abstractions;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>
/// A hostile process of the signer's own user, while the native program holds a PIN and is logged in: it gets nothing. Both run as nobody,
/// because root may everything. (What is preloaded, or stands in the command line's place, was there before the program was.)
/// </summary>
[Collection(nameof(TokenBench))]
public sealed class IntruderTests(TokenBench bench, ITestOutputHelper output) : IDisposable
{
    private const string Nobody = "65534";

    private readonly TempFolder _folder = new();

    [SkippableFact]
    public void A_process_of_the_same_user_gets_nothing_of_a_signer_that_holds_a_PIN()
    {
        TokenBench.Require();
        Tool.Require("gcc", "setpriv");
        Skip.If(ProgramUnderTest.Native is null, "only the native program promises it; './build.sh --target=Test' names one");
        Skip.IfNot(Environment.IsPrivilegedProcess, "needs root, to be nobody");
        string intruder = Path.Combine(Home(), "intruder"), mark = Path.Combine(Home(), "mark");
        Tool.Run("gcc", "-O1", "-o", intruder, Path.Combine(AppContext.BaseDirectory, "Tokens", "intruder.c"));
        using RunningProcess signer = Start(mark);
        try
        {
            signer.Until(() => File.Exists(mark), TimeSpan.FromSeconds(60)).ShouldBeTrue(signer.SaidSoFar);
            // It is what setpriv became.
            string status = File.ReadAllText($"/proc/{signer.Id}/status");
            status.ShouldContain($"Uid:\t{Nobody}\t{Nobody}\t{Nobody}\t{Nobody}");
            string[] ways = Try(intruder, signer.Id);
            output.WriteLine(string.Join('\n', ways));
            ways.Length.ShouldBe(15);
            ways.Where(way => way.EndsWith(": got", StringComparison.Ordinal)).ShouldBeEmpty();
            // What everybody may read of every process, and what a runtime listens on.
            File.ReadAllText($"/proc/{signer.Id}/cmdline").ShouldNotContain(TokenBench.Pin);
            foreach (string listening in (string[])["dotnet-diagnostic", "clr-debug-pipe"])
                Directory.GetFileSystemEntries(Path.GetTempPath(), $"{listening}-{signer.Id}-*").ShouldBeEmpty();
            Sockets(signer.Id).ShouldBeEmpty();
            Dumped(signer);
        }
        finally
        {
            if (!signer.HasExited)
                signer.Kill();
        }
    }

    // Without this the test would pass on a machine where nobody may anything.
    [SkippableFact]
    public void The_same_process_gets_into_one_that_is_not_guarded()
    {
        Tool.Require("gcc", "setpriv");
        Skip.IfNot(Environment.IsPrivilegedProcess, "needs root, to be nobody");
        string intruder = Path.Combine(Home(), "intruder");
        Tool.Run("gcc", "-O1", "-o", intruder, Path.Combine(AppContext.BaseDirectory, "Tokens", "intruder.c"));
        using RunningProcess open = AsNobody(["sleep", "60"], []).Start();
        try
        {
            SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{open.Id}/cmdline").StartsWith("sleep", StringComparison.Ordinal), TimeSpan.FromSeconds(10)).ShouldBeTrue();
            string[] ways = Try(intruder, open.Id);
            output.WriteLine(string.Join('\n', ways));
            ways.ShouldContain("environ: got");
            ways.ShouldContain("mem for writing: got");
        }
        finally
        {
            open.Kill();
        }
    }

    public void Dispose() => _folder.Dispose();

    // A folder of nobody's with token, module and image.
    private string Home()
    {
        string home = _folder.At("home");
        if (Directory.Exists(home))
            return home;
        Tool.Run("chmod", "755", _folder.Path);
        Directory.CreateDirectory(home);
        if (bench.Init is not null)
        {
            _ = bench.Faulty("none");
            Tool.Run("cp", "-a", bench.Folder.At("token"), bench.Folder.At("faulty.so"), bench.Images[0], bench.Certificate("rsa"), home);
            string configuration = Path.Combine(home, "token/softhsm2.conf");
            File.WriteAllText(configuration, File.ReadAllText(configuration).Replace(bench.Folder.At("token"), Path.Combine(home, "token"), StringComparison.Ordinal));
            if (ProgramUnderTest.Native is { } native)
                File.Copy(native, Path.Combine(home, "kexecsign"));
        }
        Tool.Run("chown", "-R", $"{Nobody}:{Nobody}", home);
        return home;
    }

    private RunningProcess Start(string mark)
    {
        string home = Home();
        Dictionary<string, string> environment = new(bench.Faulty("hang-at-signature"))
        {
            ["SOFTHSM2_CONF"] = Path.Combine(home, "token/softhsm2.conf"),
            ["KEXECSIGN_PKCS11_MODULE"] = Path.Combine(home, "faulty.so"),
            ["KEXECSIGN_PKCS11_TIMEOUT"] = "300",
            ["FAULTY_MARK"] = mark,
            ["HOME"] = home,
        };
        return AsNobody(
            [
                Path.Combine(home, "kexecsign"), "sign", Path.Combine(home, "image0"), "--key", "pkcs11:token=Bench;object=rsa", "--cert", Path.Combine(home, "rsa.pem"),
                "--pin-env", "BENCH_PIN", "-o", Path.Combine(home, "out"),
            ],
            environment).Start();
    }

    private static ProcessRun AsNobody(string[] command, Dictionary<string, string> environment) =>
        new("setpriv", [$"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "--", .. command]) { Environment = environment };

    private static string[] Try(string intruder, int process) => Tool.Run(
        "setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "--", intruder, process.ToString(CultureInfo.InvariantCulture)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    // Sockets that the process listens on or is bound to by name; root sees whose they are.
    private static string[] Sockets(int process)
    {
        HashSet<string> own = [.. Directory.GetFileSystemEntries($"/proc/{process}/fd").Select(fd => new FileInfo(fd).LinkTarget ?? "").Where(t => t.StartsWith("socket:[", StringComparison.Ordinal))];
        return [.. File.ReadLines("/proc/net/unix").Where(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, _, _, _, var inode, _, ..] && own.Contains($"socket:[{inode}]"))];
    }

    // A signal that dumps core dumps none of this one.
    private void Dumped(RunningProcess signer)
    {
        Tool.Run("setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "--", "kill", "-ABRT", signer.Id.ToString(CultureInfo.InvariantCulture));
        signer.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        // 128 + SIGABRT; a core would show as another number to waitpid, and as a file.
        signer.End().Exit.ShouldBe(134);
        foreach (string folder in (string[])[Environment.CurrentDirectory, Home()])
            Directory.GetFiles(folder, "core*").ShouldBeEmpty();
    }
}
