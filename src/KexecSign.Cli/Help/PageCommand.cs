using System.Collections.Immutable;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core;
using KexecSign.Formats.Errors;

namespace KexecSign.Cli.Help;

/// <summary>The commands that write pages; for those who package, and so in no list.</summary>
/// <param name="Name">What one types.</param>
/// <param name="What">What it writes.</param>
/// <param name="Write">Writes it into a folder.</param>
internal sealed record PageCommand(string Name, string What, Func<string, ImmutableArray<Operation>, ExitCode> Write)
{
    private static readonly PageCommand[] All =
    [
        new("help-pages", "the reference pages and JSON schemas", ReferencePages.Write),
        new("man-pages", "the man pages", ManPages.Write),
    ];

    /// <summary>What <c>--help</c> shows.</summary>
    public string Usage => $"Usage: kexecsign {Name} FOLDER\n\nWrites {What} into a folder, which is made when it is not there.\n";

    /// <summary>The command of that name; null when there is none.</summary>
    public static PageCommand? Named(string word) => Array.Find(All, command => command.Name == word);

    /// <summary>The folder that was given; null when help is wanted.</summary>
    /// <exception cref="KexecSignException">KS3030.</exception>
    public string? FolderOf(IReadOnlyList<string> arguments)
    {
        if (arguments.Any(argument => argument is "-h" or "--help"))
            return null;
        return arguments is [_, ['-', ..]] or not [_, _] or [_, ""]
            ? throw OperationErrors.CommandLine.With($"'{Name}' takes one FOLDER")
            : arguments[1];
    }
}
