namespace KexecSign.Architecture.Tests;

/// <summary>
/// Tests start programs by ProcessRun alone: it reads both streams, hands input over and ends what does not end. Who needs something
/// else is named here, with the reason.
/// </summary>
public sealed class TestProcessTests
{
    private static readonly Dictionary<string, string> Others = new()
    {
        ["tests/KexecSign.Fixtures/RunningProcess.cs"] = "this is where they are started",
        ["tests/Boot/Lab/Machine.cs"] = "QEMU: its console is read while it runs, and decides when it is enough",
        ["tests/Boot/Uki/UkiMachine.cs"] = "QEMU, too",
        ["tests/bench/WholeLine.cs"] = "each line of standard error is timed as it comes",
        ["tests/Fuzz/GuidedRun.cs"] = "itself once more, for hours, on the console of whoever started it",
    };

    [Fact]
    public void Only_those_that_are_named_start_processes_by_themselves()
    {
        string[] found = [.. Repository.Files()
            .Where(file => file.StartsWith("tests/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal))
            .Where(file => !file.EndsWith("/TestProcessTests.cs", StringComparison.Ordinal))
            .Where(file => File.ReadAllText(Path.Combine(Repository.Root, file)) is var text
                && (text.Contains("ProcessStartInfo", StringComparison.Ordinal) || text.Contains("Process.Start(", StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal)];
        found.ShouldBe([.. Others.Keys.Order(StringComparer.Ordinal)]);
    }
}
