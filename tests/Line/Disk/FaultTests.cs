using System.Globalization;
using KexecSign.Fixtures;
using Xunit.Abstractions;

namespace KexecSign.Line.Tests.Disk;

/// <summary>
/// A disk that fails at the N-th call, whichever it is: no file is ever half, nothing is left, and what the program says is so. Usually
/// the first calls of each kind; all of them, and with every error, when KEXECSIGN_FAULTS=all.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output) : IDisposable
{
    private const int InputOutput = 5, AccessDenied = 13, CrossDevice = 18, NoSpace = 28;

    private static readonly bool All = Environment.GetEnvironmentVariable("KEXECSIGN_FAULTS") == "all";

    private static readonly (string Call, int[] Errors)[] Calls =
    [
        ("openat", [InputOutput, AccessDenied, NoSpace]), ("read", [InputOutput]), ("pread64", [InputOutput]), ("mkdir", [NoSpace]),
        ("pwrite64", [NoSpace, InputOutput]), ("pwritev64", [NoSpace, InputOutput]), ("ftruncate64", [InputOutput]),
        ("fsync", [InputOutput, NoSpace]), ("syncfs", [InputOutput, NoSpace]), ("close", [InputOutput, NoSpace]),
        ("fchmod", [InputOutput]), ("linkat", [NoSpace, CrossDevice, InputOutput]), ("renameat2", [CrossDevice, InputOutput, NoSpace]), ("renameat", [InputOutput]),
    ];

    // Files are in place, or not to be put back, and the message says so.
    private static readonly string[] TellsThatItIsThere = ["KS3056", "KS3057"];

    private readonly TempFolder _folder = new();

    public static TheoryData<string> Commands => [.. Scenario.Names];

    [SkippableTheory]
    [MemberData(nameof(Commands))]
    public void No_failing_call_leaves_half_a_file_or_a_wrong_claim(string command)
    {
        string library = Library();
        using var scenario = Scenario.Of(command, _folder);
        var wrong = new List<string>();
        int failures = 0;
        foreach ((string call, int[] errors) in Calls)
        {
            foreach (int error in All ? errors : errors[..1])
            {
                int at = 1;
                while ((All || at <= 2) && Try(scenario, library, call, error, at, wrong))
                    at++;
                failures += at - 1;
                output.WriteLine($"{command,-12} {call,-12} errno {error,2}: {at - 1} calls failed");
            }
        }
        wrong.ShouldBeEmpty();
        // A shim that the program does not see would find nothing wrong.
        failures.ShouldBeGreaterThan(8);
        output.WriteLine($"{command}: {failures} failures, {wrong.Count} wrong claims");
    }

    public void Dispose() => _folder.Dispose();

    private bool Try(Scenario scenario, string library, string call, int error, int at, List<string> wrong)
    {
        string folder = scenario.Begin(), log = _folder.At("log");
        File.Delete(log);
        Answer answer = KexecSignProgram.RunWith(
            new()
            {
                ["LD_PRELOAD"] = library,
                ["FAULT_CALL"] = call,
                ["FAULT_UNDER"] = folder,
                ["FAULT_LOG"] = log,
                ["FAULT_ERRNO"] = error.ToString(CultureInfo.InvariantCulture),
                ["FAULT_AT"] = at.ToString(CultureInfo.InvariantCulture),
            },
            scenario.Arguments(folder));
        if (!File.Exists(log))
            return false;
        string? fault = scenario.Fault(folder, answer.Exit == 0, mayLeave: false) ?? Claim(scenario, folder, answer);
        if (fault is not null)
            wrong.Add($"{call} #{at} = {error} ({File.ReadAllText(log).Trim()}): exit {answer.Exit}: {fault}: {answer.Error.Trim()}");
        Directory.Delete(folder, recursive: true);
        return true;
    }

    private static string? Claim(Scenario scenario, string folder, Answer answer)
    {
        if (answer.Error.Contains("KS3000", StringComparison.Ordinal))
            return "an error of the disk is called the program's";
        if (answer.Exit == 0)
            return null;
        if (!answer.Error.Contains("KS", StringComparison.Ordinal))
            return "it failed without a word";
        (int made, int all) = scenario.Placed(folder);
        return scenario.IsSet && made != 0 && !TellsThatItIsThere.Any(code => answer.Error.Contains(code, StringComparison.Ordinal))
            ? $"{made} of {all} outputs are in place" : null;
    }

    private string Library()
    {
        Tool.Require("gcc", "openssl");
        string library = _folder.At("faults.so");
        Tool.Run("gcc", "-shared", "-fPIC", "-O1", "-o", library, Path.Combine(AppContext.BaseDirectory, "Disk", "faults.c"), "-ldl");
        return library;
    }
}
