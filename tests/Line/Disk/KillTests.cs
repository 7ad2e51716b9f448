using System.Diagnostics;
using System.Globalization;
using System.Text;
using KexecSign.Fixtures;
using Xunit.Abstractions;

namespace KexecSign.Line.Tests.Disk;

/// <summary>SIGKILL at any moment: no file is lost or half, and the next run finishes and takes away what was left. KEXECSIGN_KILLS says how many.</summary>
public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("KEXECSIGN_KILLS") ?? "60", CultureInfo.InvariantCulture);

    private readonly TempFolder _folder = new();

    [SkippableFact]
    public void A_kill_leaves_every_file_whole_and_the_next_run_clean()
    {
        Tool.Require("openssl", "rpmbuild");
        Scenario[] scenarios = [.. Scenario.Names.Select(name => Scenario.Of(name, _folder))];
        var random = new Random(17);
        var wrong = new List<string>();
        int inTime = 0, left = 0;
        TimeSpan[] lasts = [.. scenarios.Select(Lasts)];
        for (int i = 0; i < Kills; i++)
        {
            Scenario scenario = scenarios[i % scenarios.Length];
            string folder = scenario.Begin();
            if (Kill(scenario.Arguments(folder), lasts[i % scenarios.Length] * Part(random)))
                inTime++;
            left += Directory.EnumerateFileSystemEntries(folder, ".kexecsign-*", SearchOption.AllDirectories).Count();
            if (scenario.Fault(folder, done: false, mayLeave: true) is { } fault)
                wrong.Add($"{scenario.Name}, kill {i}: {fault}");
            Answer next = KexecSignProgram.Run(scenario.Arguments(folder));
            bool wasDone = next.Exit != 0 && scenario.DoneAlready.Any(code => next.Error.Contains(code, StringComparison.Ordinal));
            if (next.Exit != 0 && !wasDone)
                wrong.Add($"{scenario.Name}, after kill {i}: {next.Error}");
            // A run that finds everything done writes nothing, and so takes nothing away.
            else if (scenario.Fault(folder, done: true, mayLeave: wasDone) is { } after)
                wrong.Add($"{scenario.Name}, after kill {i}: {after}");
            Directory.Delete(folder, recursive: true);
        }
        output.WriteLine($"{Kills} kills, {inTime} of them before the end, {left} temporary files or folders left; {wrong.Count} lost or half files");
        Array.ForEach(scenarios, s => s.Dispose());
        wrong.ShouldBeEmpty();
        inTime.ShouldBeGreaterThan(Kills / 4);
    }

    /// <summary>The first run, and one that finds everything there, which logs in and so has SoftHSM write its token anew.</summary>
    [SkippableFact]
    public void A_kill_of_keys_init_is_made_good_by_the_next_run_or_told_and_replaces_no_certificate()
    {
        Tool.Demand(File.Exists("/usr/lib/softhsm/libsofthsm2.so"), "libsofthsm2.so is missing; apt-get install softhsm2");
        string profile = _folder.File("profile.json", Encoding.UTF8.GetBytes(Profile)), finished = _folder.At("finished");
        KexecSignProgram.Succeed(Init(profile, finished));
        var clock = Stopwatch.StartNew();
        KexecSignProgram.Succeed(Init(profile, _folder.At("timed")));
        TimeSpan lasts = clock.Elapsed;
        string image = _folder.File("image", TestImage.Arm64().Bytes);
        var random = new Random(18);
        var wrong = new List<string>();
        int inTime = 0, told = 0, kills = Math.Max(20, Kills / 4);
        for (int i = 0; i < kills; i++)
        {
            string folder = _folder.At($"init-{i}");
            if (i % 2 == 1)
                Tool.Run("cp", "-a", finished, folder);
            if (Kill(Init(profile, folder), lasts * Part(random)))
                inTime++;
            Dictionary<string, byte[]> certificates = Certificates(folder);
            Answer next = KexecSignProgram.Run(Init(profile, folder));
            if (next.Exit != 0 && !next.Error.Contains("KS3060", StringComparison.Ordinal) && !next.Error.Contains("KS3061", StringComparison.Ordinal))
                wrong.Add($"after kill {i}: {next.Error}");
            told += next.Exit == 0 ? 0 : 1;
            Dictionary<string, byte[]> after = Certificates(folder);
            wrong.AddRange(certificates.Where(c => !after.TryGetValue(c.Key, out byte[]? now) || !now.AsSpan().SequenceEqual(c.Value)).Select(c => $"kill {i}: {c.Key} was replaced"));
            if (next.Exit == 0)
            {
                // By the keys that are there now, each with its certificate.
                foreach (string label in (string[])["first", "second"])
                {
                    Answer signed = KexecSignProgram.Run(
                        "sign", image, "--key", $"@{label}", "--cert", $"@{label}", "--config", Path.Combine(folder, "kexecsign.json"), "-o", _folder.At("signed"), "-q");
                    if (signed.Exit != 0)
                        wrong.Add($"after kill {i}: {label} does not sign: {signed.Error}");
                }
            }
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        output.WriteLine($"{kills} kills of keys init, {inTime} before the end; {told} tokens that SoftHSM lost, told each time; {wrong.Count} replaced or not to be resumed");
        wrong.ShouldBeEmpty();
    }

    public void Dispose() => _folder.Dispose();

    private const string Profile = """
        { "token": "Killed", "keys": [
          { "label": "first", "role": "secure-boot", "algorithm": "p256", "subject": "CN=First" },
          { "label": "second", "role": "kexec", "algorithm": "p256", "subject": "CN=Second" } ] }
        """;

    private static string[] Init(string profile, string folder) => ["keys", "init", "--profile", profile, "--directory", folder, "-q"];

    private static Dictionary<string, byte[]> Certificates(string folder) => Directory.Exists(folder)
        ? Directory.GetFiles(folder, "*.pem").ToDictionary(file => Path.GetFileName(file), File.ReadAllBytes, StringComparer.Ordinal) : [];

    // Where the program is compiled as it starts, that takes most of the time, and nothing is written then.
    private static double Part(Random random) => ProgramUnderTest.Native is null ? 0.4 + (0.65 * random.NextDouble()) : 0.1 + (0.95 * random.NextDouble());

    // The shorter of two: the first one reads the program from the disk.
    private static TimeSpan Lasts(Scenario scenario)
    {
        TimeSpan[] lasted = new TimeSpan[2];
        for (int i = 0; i < lasted.Length; i++)
        {
            string folder = scenario.Begin();
            var clock = Stopwatch.StartNew();
            KexecSignProgram.Succeed(scenario.Arguments(folder));
            lasted[i] = clock.Elapsed;
        }
        return lasted.Min();
    }

    private static bool Kill(string[] arguments, TimeSpan after)
    {
        using RunningProcess process = new ProcessRun(ProgramUnderTest.Path, arguments).Start();
        if (process.Wait(after))
            return false;
        process.Kill();
        return true;
    }
}
