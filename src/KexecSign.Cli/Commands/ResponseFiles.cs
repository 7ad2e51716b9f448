using System.Collections.Immutable;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;

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
            // Options may have a use of their own for '@', as --cmdline @FILE has.
            if (argument is ['@', not '@', ..] && !(i > 0 && TakesValue(arguments[i - 1], operations)))
                expanded.AddRange(Lines(argument[1..]));
            else
                expanded.Add(argument);
        }
        return expanded;
    }

    private static bool TakesValue(string previous, ImmutableArray<Operation> operations) =>
        previous.StartsWith('-') && operations.Any(operation => operation.Options.Any(option => option.Value is not null && (option.Typed == previous || option.OtherTyped == previous)));

    private static IEnumerable<string> Lines(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
                throw OperationErrors.ResponseFile.With($"it is longer than {MaxBytes} bytes").In(path);
            return File.ReadAllLines(path).Where(line => line.Length > 0 && line[0] != '#');
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.ResponseFile.Because(cause, Failure.Explain(cause).Says.TrimEnd('.')).In(path);
        }
    }
}
