using KexecSign.Cli.Commands;
using KexecSign.Cli.Output;
using KexecSign.Cli.Terminal;
using KexecSign.Core;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Agents;

namespace KexecSign.Cli.Compat;

/// <summary>From the name that the program was started by to a peer's exit code.</summary>
internal static class CompatInvocation
{
    /// <summary>Runs as a peer's command; null when the program was started under its own name and without <c>as</c>.</summary>
    public static int? TryRun(string calledAs, IReadOnlyList<string> arguments)
    {
        try
        {
            if (arguments is [PeerNames.Word, PeerNames.List])
                return Tell(string.Concat(PeerNames.All.Select(name => name + "\n")));
            if (arguments is [PeerNames.Word, "--help" or "-h"])
                return Tell(PeerNames.Usage);
            return PeerCommands.Of(calledAs, arguments) is (var peer, var words)
                ? PeerRun.Run(peer, words, Surroundings.OfThisProcess([], isBrief: peer is SignFileCommand && IsBelowAgent))
                : null;
        }
        catch (KexecSignException unknown)
        {
            return (int)new ErrorOutput(Surroundings.OfThisProcess([]), json: false, verbose: false).Show(unknown);
        }
    }

    // The token is the agent's, and a module is signed within milliseconds into a file without a name.
    private static bool IsBelowAgent => Environment.GetEnvironmentVariable(AgentMessage.Variable) is { Length: > 0 };

    private static int Tell(string text)
    {
        Answers.Write(text, Surroundings.OfThisProcess([]));
        return (int)ExitCode.Done;
    }
}
