using System.CommandLine;
using KexecSign.Core.Operations;

namespace KexecSign.Cli.Commands;

/// <summary>A command line that made sense.</summary>
/// <param name="command">The command; null when only help or the version is asked for.</param>
/// <param name="group">The first word of several commands when help is asked for these; else empty.</param>
/// <param name="parsed">What the parser found.</param>
/// <param name="flags">The flags that it looked for.</param>
internal sealed class ParsedCommand(OperationCommand? command, string group, ParseResult parsed, GlobalFlags flags)
{
    public bool WantsHelp => flags.IsHelp(parsed);

    public bool WantsVersion => flags.IsVersion(parsed);

    public Operation? Operation => command?.Operation;

    public string Group => group;

    public Flags Flags => flags.Read(parsed);

    public OperationRequest Request() => command!.Request(parsed);
}
