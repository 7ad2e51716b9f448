using System.Collections.Immutable;
using System.Text;
using KexecSign.Core.Operations;

namespace KexecSign.Cli.Terminal;

/// <summary>What the program meets: streams, terminals, environment, and the operations on offer.</summary>
internal sealed record Surroundings
{
    /// <summary>Standard output: what was asked for.</summary>
    public required Stream Output { get; init; }

    /// <summary>Standard error: progress, warnings and errors, and with <c>--json</c> the tables.</summary>
    public required TextWriter Error { get; init; }

    public required ImmutableArray<Operation> Operations { get; init; }

    public bool InputIsTerminal { get; init; }

    public bool OutputIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    /// <summary>Columns of the terminal.</summary>
    public int Width { get; init; } = 80;

    /// <summary>A terminal that knows no escape sequences.</summary>
    public bool IsDumb => Environment("TERM") is "dumb";

    /// <summary>https://no-color.org: set to anything.</summary>
    public bool WantsColours => string.IsNullOrEmpty(Environment("NO_COLOR"));

    public Func<string, string?> Environment { get; init; } = _ => null;

    /// <summary>Takes the PINs that a command line names out of the environment, and gives the environment as it is then.</summary>
    public Func<IReadOnlyList<string>, Func<string, string?>>? TakePins { get; init; }

    /// <summary>Tries a PKCS#11 module in a process of its own; null where there is none.</summary>
    public Action<string, TimeSpan>? TryModule { get; init; }

    /// <summary>Asks for a PIN without echo; used only when both standard input and standard error are terminals.</summary>
    public Func<string, string?> AskPin { get; init; } = _ => null;

    /// <summary>What progress is timed by.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The working folder.</summary>
    public string Folder { get; init; } = ".";

    public CancellationToken Cancellation { get; init; }

    /// <summary>Those of this process.</summary>
    /// <param name="operations">The operations on offer.</param>
    /// <param name="isBrief">
    /// Whether what is done is over before anybody could stop it: then signals do what they always do, and no thread waits for them.
    /// </param>
    public static Surroundings OfThisProcess(ImmutableArray<Operation> operations, bool isBrief = false)
    {
        bool shown = !Console.IsOutputRedirected, told = !Console.IsErrorRedirected;
        // Console.Error would work too, at the price of setting up encodings and terminal descriptions on every start.
        var error = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true };
        return new()
        {
            Output = Console.OpenStandardOutput(),
            Error = error,
            Operations = operations,
            InputIsTerminal = !Console.IsInputRedirected,
            OutputIsTerminal = shown,
            ErrorIsTerminal = told,
            Width = shown ? TerminalWidth.OfStandardOutput() : told ? TerminalWidth.OfStandardError() : TerminalWidth.Usual,
            Environment = System.Environment.GetEnvironmentVariable,
            TakePins = Pins.PinVariables.Take,
            TryModule = Pins.ModuleChild.Try,
            AskPin = subject => Pins.PinPrompt.Ask(subject, error),
            Cancellation = isBrief ? CancellationToken.None : Interruption.Token(),
        };
    }
}
