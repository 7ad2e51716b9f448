using System.Collections.Immutable;
using System.Text;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.Errors;

namespace KexecSign.Cli.Commands;

/// <summary>
/// Replaces <c>@FILE</c> by the file's lines, one argument a line, taken as they stand: PKCS#11 URIs are full of
/// characters that shells and quoting rules trip over. Empty lines and lines that begin with <c>#</c> are left out.
/// </summary>
internal static class ResponseFiles
{
    // A command line longer than this is a mistake, most likely a kernel image behind the '@'.
    private const int MaxBytes = 1 << 20;

    public static IReadOnlyList<string> Expand(IReadOnlyList<string> arguments, ImmutableArray<Operation> operations)
    {
        if (!arguments.Any(argument => argument.StartsWith('@')))
            return arguments;
        var expanded = new List<string>();
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            // What stands behind is another program's.
            if (argument == "--")
            {
                expanded.AddRange(arguments.Skip(i));
                break;
            }
            // Options may have a use of their own for '@', as --cmdline @FILE has.
            if (argument is ['@', not '@', ..] && !(i > 0 && TakesValue(arguments[i - 1], operations)))
                expanded.AddRange(Lines(argument[1..]));
            else
                expanded.Add(argument);
        }
        return expanded;
    }

    private static bool TakesValue(string previous, ImmutableArray<Operation> operations) =>
        previous.StartsWith('-') && operations.Any(operation =>
            operation.Options.Any(option => option.Value is not null && (option.Typed == previous || option.OtherTyped == previous)));

    private static IEnumerable<string> Lines(string path)
    {
        try
        {
            string text = Encoding.UTF8.GetString(WholeFile.Read(path, MaxBytes, "a response file"));
            return text.TrimStart('\uFEFF').Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0 && line[0] != '#');
        }
        catch (KexecSignException refused)
        {
            throw OperationErrors.ResponseFile.Because(refused, refused.Says.TrimEnd('.')).In(path);
        }
    }
}
