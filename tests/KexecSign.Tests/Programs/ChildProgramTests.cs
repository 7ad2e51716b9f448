using KexecSign.Core;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Keyrings;
using KexecSign.Programs;

namespace KexecSign.Tests.Programs;

public sealed class ChildProgramTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-child-");

    private string Log => Path.Combine(_folder.FullName, "log");

    [Fact]
    public void Says_which_program_is_missing_what_for_and_in_which_package()
    {
        KexecSignException refusal = Should.Throw<KexecSignException>(
            () => new ChildProgram(new("no-such-program", "test this", "no-package"), [], Context()));
        refusal.Code.Id.ShouldBe("KS5002");
        refusal.Message.ShouldContain("no-such-program was not found in PATH; it is needed to test this");
        refusal.Message.ShouldContain("apt install no-package");
    }

    [Fact]
    public void Does_not_look_for_programs_in_the_current_folder()
    {
        var context = new RunContext { Keyring = new Keyring(), Environment = name => name == "PATH" ? ":.:bin" : null };
        Should.Throw<KexecSignException>(() => new ChildProgram(new("sh", "test", "dash"), [], context)).Code.Id.ShouldBe("KS5002");
    }

    [Fact]
    public void Reports_the_compiler_s_error_rather_than_what_make_says_of_it()
    {
        KexecSignException failed = Failure("echo 'a.c:1: error: no such thing' >&2; echo 'make[1]: *** [a.o] Error 1' >&2; echo done; exit 2");
        failed.Code.Id.ShouldBe("KS5003");
        failed.Message.ShouldContain("sh ended with exit code 2: a.c:1: error: no such thing.");
        failed.Message.ShouldNotContain("\n");
    }

    [Fact]
    public void Names_the_signal_that_ended_it() => Failure("kill -9 $$").Message.ShouldContain("signal 9: it said nothing.");

    [Fact]
    public void Passes_arguments_as_they_are_and_gives_nothing_to_read()
    {
        Run("printf '%s|' \"$@\"; cat; echo", "sh", "a b", "$(id)", "*", "");
        File.ReadAllText(Log).ShouldContain("\na b|$(id)|*||\n");
    }

    [Fact]
    public void Gives_a_clean_environment()
    {
        var context = new RunContext
        {
            Keyring = new Keyring(),
            Environment = name => name == "PATH" ? Environment.GetEnvironmentVariable("PATH") : name == "HOME" ? "/home/x" : "secret",
        };
        new ChildProgram(new("env", "test", "coreutils"), [], context) { LogFile = Log }.With("EXTRA", "1").Run(context);
        File.ReadAllLines(Log)[1..].Order().Select(l => l.Split('=')[0]).ShouldBe(["EXTRA", "HOME", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ"]);
    }

    [Fact]
    public void Kills_the_program_and_its_children_when_cancelled()
    {
        using var stop = new CancellationTokenSource();
        string pids = Path.Combine(_folder.FullName, "pids");
        var context = new RunContext { Keyring = new Keyring(), Cancellation = stop.Token };
        Task run = Task.Run(() => Shell(context, $"sleep 1000 & echo $! >> {pids}; sh -c 'echo $$ >> {pids}; sleep 1000; true'; true").Run(context));
        SpinWait.SpinUntil(() => run.IsCompleted || (File.Exists(pids) && File.ReadAllLines(pids).Length == 2), TimeSpan.FromSeconds(60)).ShouldBeTrue();
        stop.Cancel();
        Should.Throw<OperationCanceledException>(() => run.GetAwaiter().GetResult());
        // A killed child without a parent may be a zombie until init takes it.
        foreach (string pid in File.ReadAllLines(pids))
            SpinWait.SpinUntil(() => !IsAlive(pid), TimeSpan.FromSeconds(60)).ShouldBeTrue(pid);
    }

    [Fact]
    public void Its_output_is_read_as_it_comes_and_what_is_left_is_dropped()
    {
        byte[] first = new byte[4];
        Shell(Context(), "printf 'a\\000b\\n'; head -c 9000000 /dev/zero").Read(Context(), stream => stream.ReadAtLeast(first, 4)).ShouldBeGreaterThan(3);
        first.ShouldBe("a\0b\n"u8.ToArray());
    }

    [Fact]
    public void Its_failure_counts_more_than_what_its_reader_says()
    {
        static int Cut(Stream stream) => throw new InvalidDataException("cut");
        Should.Throw<KexecSignException>(() => Shell(Context(), "echo the disk is gone >&2; exit 3").Read(Context(), Cut))
            .Message.ShouldContain("exit code 3: the disk is gone.");
        Should.Throw<InvalidDataException>(() => Shell(Context(), "true").Read(Context(), Cut));
    }

    [Fact]
    public void Its_reader_does_not_wait_when_cancelled()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        var context = new RunContext { Keyring = new Keyring(), Cancellation = stop.Token };
        Should.Throw<OperationCanceledException>(() => Shell(context, "sleep 1000; true").Read(context, stream => stream.ReadByte()));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static bool IsAlive(string pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static RunContext Context() => new() { Keyring = new Keyring() };

    private ChildProgram Shell(RunContext context, string script, params string[] arguments) =>
        new(new("sh", "test", "dash"), ["-c", script, .. arguments], context) { LogFile = Log };

    private void Run(string script, params string[] arguments) => Shell(Context(), script, arguments).Run(Context());

    private KexecSignException Failure(string script) => Should.Throw<KexecSignException>(() => Run(script));
}
