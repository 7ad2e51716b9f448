using System.Collections.Immutable;
using KexecSign.Cli.Commands;

namespace KexecSign.Cli.Help;

/// <summary>Help on the words that stand where a command stands, and are none.</summary>
internal static class WordPages
{
    /// <summary>Those that everybody may use, as one types them, with what they do.</summary>
    public static ImmutableArray<(string Label, string Summary)> Listed { get; } =
    [
        ("help COMMAND", "Show what a command is for and what it takes."),
        ("version", "Show the version."),
        ($"{ShellScripts.Command} SHELL", $"Print a script that completes command lines: {string.Join(", ", ShellScripts.Shells)}."),
        ($"{PeerNames.Word} NAME ...", $"Answer as another signer's command does: {PeerNames.Listed}."),
    ];

    /// <summary>The page of a word; null for none.</summary>
    public static string? Of(string word) => word switch
    {
        "help" => "Show what a command is for and what it takes.\n\nUsage: kexecsign help [COMMAND]\n",
        "version" => "Show the version.\n\nUsage: kexecsign version\n",
        ShellScripts.Command => ShellScripts.Usage,
        PeerNames.Word => PeerNames.Usage,
        _ => PageCommand.Named(word)?.Usage,
    };
}
