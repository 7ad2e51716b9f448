using System.Text;
using KexecSign.Cli.Terminal;
using KexecSign.Configuration;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Pins;
using KexecSign.Programs;

namespace KexecSign.Cli.Compat;

/// <summary>What a peer's command works with: streams, keys, and files that are streams.</summary>
internal sealed class PeerRun : IDisposable
{
    private readonly Surroundings _surroundings;
    private string? _folder;

    private PeerRun(Surroundings surroundings)
    {
        _surroundings = surroundings;
        bool canAsk = surroundings is { InputIsTerminal: true, ErrorIsTerminal: true };
        var log = new PeerLog(this);
        Context = new()
        {
            Keyring = new Keyring(surroundings.Environment, canAsk ? surroundings.AskPin : null, message => Tell("warning: " + message),
                tryModule: null, SignerProgram.Run),
            Log = log,
            // For keys by their names: --key @db.
            Settings = new Configurations { Folder = surroundings.Folder, Environment = surroundings.Environment }.Settings(log),
            Environment = surroundings.Environment,
            Answer = AnswerUse.Outcome,
            Cancellation = surroundings.Cancellation,
        };
        Pins = new()
        {
            EnvironmentVariable = surroundings.Environment("KEXECSIGN_PIN_ENV"),
            File = surroundings.Environment("KEXECSIGN_PIN_FILE"),
        };
    }

    /// <summary>The run of the operations.</summary>
    public RunContext Context { get; }

    /// <summary>Where PINs come from that no URI and no option of the peer names: KEXECSIGN_PIN_ENV and KEXECSIGN_PIN_FILE.</summary>
    public PinOptions Pins { get; }

    /// <summary>Runs a peer's command; its exit code.</summary>
    public static int Run(PeerCommand peer, IReadOnlyList<string> words, Surroundings surroundings)
    {
        using var run = new PeerRun(surroundings);
        try
        {
            PeerArguments arguments = PeerArguments.Read(peer, words);
            if (arguments.Has(PeerCommand.Help))
                return run.Shown(peer);
            if (arguments.Has(PeerCommand.Version))
            {
                run.Say($"{peer.Name} of KexecSign {ProgramVersion.Number}");
                return 0;
            }
            return peer.Run(arguments, run);
        }
#pragma warning disable CA1031 // Whatever it is, callers get one line and the peer's exit code.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            KexecSignException error = Failure.Explain(thrown);
            run.Tell(Printable.Line(error.Message));
            return error.Code.Kind == ErrorKind.Usage ? peer.UsageExit : peer.FailureExit;
        }
    }

    /// <summary>Whether two paths are one: the peers write over their input when they are told to.</summary>
    public static bool Same(string one, string other) => Path.GetFullPath(one) == Path.GetFullPath(other);

    /// <summary>The variable's value.</summary>
    public string? Environment(string name) => _surroundings.Environment(name);

    /// <summary>A line on standard output.</summary>
    public void Say(string line)
    {
        _surroundings.Output.Write(Encoding.UTF8.GetBytes(line + "\n"));
        _surroundings.Output.Flush();
    }

    /// <summary>A line on standard error.</summary>
    public void Tell(string line) => _surroundings.Error.WriteLine(line);

    /// <summary>How the peer is used, on standard output.</summary>
    public int Shown(PeerCommand peer)
    {
        Say(PeerUsage.Of(peer));
        return 0;
    }

    /// <summary>The same because the command line made no sense.</summary>
    public int Misused(PeerCommand peer, string? because = null)
    {
        if (because is not null)
            Tell(because);
        Say(PeerUsage.Of(peer));
        return peer.UsageExit;
    }

    /// <summary>
    /// Has an output written; one that is standard output by another name is written to a file of this process first and then copied,
    /// so that nothing half done is streamed.
    /// </summary>
    public T Writing<T>(string output, Func<string, T> write)
    {
        if (output is not ("/dev/stdout" or "/dev/fd/1" or "/proc/self/fd/1" or "-"))
            return write(output);
        _folder ??= Directory.CreateTempSubdirectory("kexecsign-").FullName;
        string file = Path.Combine(_folder, "output");
        T result = write(file);
        using (FileStream written = File.OpenRead(file))
            written.CopyTo(_surroundings.Output);
        _surroundings.Output.Flush();
        return result;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Context.Dispose();
        if (_folder is not null)
            Directory.Delete(_folder, recursive: true);
    }

    // The peers tell nothing of their progress; callers take words on standard error for trouble.
    private sealed class PeerLog(PeerRun run) : IRunLog
    {
        public IRunStep Step(string name, long totalBytes = 0) => SilentLog.Instance;

        public void Warning(string message) => run.Tell(Printable.Line("warning: " + message));

        public void Detail(string message)
        {
        }
    }
}
