using System.Collections.Immutable;

namespace KexecSign.Keys.External;

/// <summary>One run of a signing program.</summary>
/// <param name="Program">Its absolute path.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Input">What it gets on standard input.</param>
/// <param name="Limit">How long it may take.</param>
/// <param name="MaxAnswer">How many bytes it may answer.</param>
public sealed record ProgramCall(string Program, ImmutableArray<string> Arguments, ReadOnlyMemory<byte> Input, TimeSpan Limit,
    int MaxAnswer)
{
    /// <summary>What its environment has beside that of this process, by name.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Variables { get; init; } = [];
}

/// <summary>Runs a signing program and gives what it wrote to standard output; the host of a keyring says how.</summary>
/// <exception cref="Formats.Errors.KexecSignException">KS2081, KS2082.</exception>
public delegate byte[] ProgramRunner(ProgramCall call, CancellationToken cancellation);
