using System.Text;

namespace KexecSign.Formats.Errors;

/// <summary>
/// How a face spells what errors name. Errors state facts and say by name which option or command mends them, in the forms
/// <c>[option:NAME]</c>, <c>[option:NAME VALUE]</c> and <c>[run:COMMAND, NAME VALUE, ...]</c>; the face that shows them has its own words:
/// <c>--replace</c>, <c>Replace="true"</c>, <c>Existing = ...</c>.
/// </summary>
public abstract class FaceWords
{
    private const string OptionMark = "[option:", CommandMark = "[run:", End = "]";

    private static readonly AsyncLocal<FaceWords?> Face = new();

    /// <summary>The words of the command line, which are those of the pages, too.</summary>
    public static FaceWords CommandLine { get; } = new CommandLineWords();

    /// <summary>The words of the face that is at work; without one those of the command line.</summary>
    public static FaceWords Current => Face.Value ?? CommandLine;

    /// <summary>Lets a face speak until the result is disposed, in this flow of work and in those that it starts.</summary>
    public static IDisposable Speak(FaceWords words)
    {
        var turn = new Turn(Face.Value);
        Face.Value = words;
        return turn;
    }

    /// <summary>Spells an option.</summary>
    /// <param name="name">Its name, without dashes.</param>
    /// <param name="value">The value it is to have; null where none is said.</param>
    public abstract string Option(string name, string? value);

    /// <summary>Spells a command of the program with options; who has no commands names the program.</summary>
    /// <param name="command">The command, with what it works on.</param>
    /// <param name="options">Names of options, each with its value behind a blank.</param>
    public virtual string Command(string command, IReadOnlyList<string> options)
    {
        var text = new StringBuilder("'kexecsign");
        if (command.Length > 0)
            text.Append(' ').Append(command);
        foreach (string option in options)
            text.Append(' ').Append(CommandLineWords.Typed(option));
        return text.Append('\'').ToString();
    }

    /// <summary>A text with all that it names in this face's words.</summary>
    internal string Render(string text)
    {
        if (!text.Contains(OptionMark, StringComparison.Ordinal) && !text.Contains(CommandMark, StringComparison.Ordinal))
            return text;
        var rendered = new StringBuilder(text.Length);
        int at = 0;
        while (at < text.Length)
        {
            int option = text.IndexOf(OptionMark, at, StringComparison.Ordinal),
                command = text.IndexOf(CommandMark, at, StringComparison.Ordinal);
            bool isOption = option >= 0 && (command < 0 || option < command);
            int begin = isOption ? option : command;
            if (begin < 0)
                break;
            int inner = begin + (isOption ? OptionMark : CommandMark).Length, end = text.IndexOf(End, inner, StringComparison.Ordinal);
            string marked = text[inner..end];
            rendered.Append(text, at, begin - at).Append(isOption ? Option(marked) : Command(marked));
            at = end + End.Length;
        }
        return rendered.Append(text, at, text.Length - at).ToString();
    }

    private string Option(string marked) => marked.Split(' ', 2) is [var name, var value] ? Option(name, value) : Option(marked, null);

    private string Command(string marked)
    {
        string[] parts = marked.Split(", ");
        return Command(parts[0], parts[1..]);
    }

    private sealed class Turn(FaceWords? before) : IDisposable
    {
        public void Dispose() => Face.Value = before;
    }

    private sealed class CommandLineWords : FaceWords
    {
        public static string Typed(string option) => (option.Split(' ', 2)[0].Length == 1 ? "-" : "--") + option;

        public override string Option(string name, string? value) => Typed(value is null ? name : $"{name} {value}");
    }
}

/// <summary>An option among the values of an error, spelled by the face that shows it.</summary>
/// <param name="Name">Its name, without dashes.</param>
/// <param name="Value">The value; null where none is said.</param>
public sealed record NamedOption(string Name, string? Value = null)
{
    /// <inheritdoc/>
    public override string ToString() => FaceWords.Current.Option(Name, Value);
}
