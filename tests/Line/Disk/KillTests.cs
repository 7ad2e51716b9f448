using System.Diagnostics;
using System.Globalization;
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
        // attach cannot be said twice: its second run has nothing left to attach.
        Scenario[] scenarios = [.. Scenario.Names.Where(name => name != "attach").Select(name => Scenario.Of(name, _folder))];
        var random = new Random(17);
        var wrong = new List<string>();
        int inTime = 0, left = 0;
        TimeSpan[] lasts = [.. scenarios.Select(Lasts)];
        for (int i = 0; i < Kills; i++)
        {
            Scenario scenario = scenarios[i % scenarios.Length];
            string folder = scenario.Begin();
            // Starting takes most of the time, and nothing is written then.
            if (Kill(scenario.Arguments(folder), lasts[i % scenarios.Length] * (0.4 + (0.65 * random.NextDouble()))))
                inTime++;
            left += Directory.EnumerateFileSystemEntries(folder, ".kexecsign-*", SearchOption.AllDirectories).Count();
            if (scenario.Fault(folder, done: false, mayLeave: true) is { } fault)
                wrong.Add($"{scenario.Name}, kill {i}: {fault}");
            Answer next = KexecSignProgram.Run(scenario.Arguments(folder));
            if (next.Exit != 0)
                wrong.Add($"{scenario.Name}, after kill {i}: {next.Error}");
            else if (scenario.Fault(folder, done: true, mayLeave: false) is { } after)
                wrong.Add($"{scenario.Name}, after kill {i}: {after}");
            Directory.Delete(folder, recursive: true);
        }
        output.WriteLine($"{Kills} kills, {inTime} of them before the end, {left} temporary files or folders left; {wrong.Count} lost or half files");
        Array.ForEach(scenarios, s => s.Dispose());
        wrong.ShouldBeEmpty();
        inTime.ShouldBeGreaterThan(Kills / 4);
    }

    public void Dispose() => _folder.Dispose();

    private static TimeSpan Lasts(Scenario scenario)
    {
        string folder = scenario.Begin();
        var clock = Stopwatch.StartNew();
        KexecSignProgram.Succeed(scenario.Arguments(folder));
        return clock.Elapsed;
    }

    private static bool Kill(string[] arguments, TimeSpan after)
    {
        var start = new ProcessStartInfo(ProgramUnderTest.Path, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        bool ended = process.WaitForExit(after);
        if (!ended)
            process.Kill();
        process.WaitForExit();
        return !ended;
    }
}
