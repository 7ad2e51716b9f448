using KexecSign.Fixtures;

namespace KexecSign.Tests.Programs;

/// <summary>What all tests run programs with: it must not lose a byte, nor wait for ever.</summary>
public sealed class ProcessRunTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Streams_longer_than_a_pipe_come_through_both_ways_byte_for_byte()
    {
        byte[] input = new byte[1 << 20];
        new Random(1).NextBytes(input);
        ProcessAnswer answer = new ProcessRun("sh", "-c", "head -c 300000 /dev/zero >&2; cat; exit 7") { Input = input }.End();
        answer.Exit.ShouldBe(7);
        answer.OutputBytes.ShouldBe(input);
        answer.ErrorBytes.ShouldBe(new byte[300_000]);
    }

    [Fact]
    public void What_does_not_end_is_killed_with_all_that_it_started()
    {
        string mark = _folder.At("mark");
        var run = new ProcessRun("sh", "-c", $"echo begun; (sleep 3; touch '{mark}') & wait") { Patience = TimeSpan.FromSeconds(1) };
        Should.Throw<InvalidOperationException>(run.End).Message.ShouldContain("did not end within 1 seconds:\nbegun");
        Thread.Sleep(TimeSpan.FromSeconds(3));
        File.Exists(mark).ShouldBeFalse();
    }

    [Fact]
    public void Folder_and_variables_are_those_that_were_given()
    {
        ProcessAnswer answer = new ProcessRun("sh", "-c", "pwd; echo $GIVEN; echo \"[$HOME]\"")
        {
            Folder = _folder.Path,
            Environment = new Dictionary<string, string> { ["GIVEN"] = "given" },
            Without = name => name == "HOME",
        }.End();
        answer.Output.ShouldBe($"{_folder.Path}\ngiven\n[]\n");
    }

    [Fact]
    public void What_it_says_is_there_while_it_runs()
    {
        using RunningProcess running = new ProcessRun("sh", "-c", "echo ready; read line").Start();
        running.End().Output.ShouldBe("ready\n");
        using RunningProcess waiting = new ProcessRun("sh", "-c", "echo ready; sleep 60").Start();
        waiting.Until(() => waiting.SaidSoFar == "ready\n", TimeSpan.FromSeconds(20)).ShouldBeTrue();
    }
}
