using System.CommandLine;
using System.Text;
using KexecSign.Cli.Terminal;
using KexecSign.Core;

namespace KexecSign.Cli.Commands;

/// <summary>Answers the shell's question what may follow: <c>kexecsign [suggest:POSITION] "LINE"</c>.</summary>
internal static class Completion
{
    public static ExitCode Answer(IReadOnlyList<string> arguments, Surroundings surroundings)
    {
        using var output = new StreamWriter(surroundings.Output, new UTF8Encoding(false), leaveOpen: true);
        CommandTree.Complete(surroundings.Operations).Parse(arguments)
            .Invoke(new InvocationConfiguration { Output = output, Error = surroundings.Error });
        return ExitCode.Done;
    }
}
