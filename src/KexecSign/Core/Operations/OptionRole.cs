using System.Collections.Immutable;

namespace KexecSign.Core.Operations;

/// <summary>What an option changes about the files that an operation writes.</summary>
internal enum OptionEffect
{
    /// <summary>Nothing: it says what is refused, what is told, or which of a document's things are made.</summary>
    None,

    /// <summary>Nothing: it says how keys are reached.</summary>
    Access,

    /// <summary>They depend on what is in the file that it names.</summary>
    Content,

    /// <summary>They depend on its value.</summary>
    Value,

    /// <summary>It says who signs.</summary>
    Signer,

    /// <summary>It says where one of them goes.</summary>
    Output,
}

/// <summary>Whose option it is, where an operation makes one thing, or many by a document.</summary>
internal enum OptionScope
{
    /// <summary>Of one thing; a document says it of each of its own, and beside such a document it is refused.</summary>
    One,

    /// <summary>Of one thing, and of all things of a document.</summary>
    Each,

    /// <summary>Of the run; no document says it.</summary>
    Run,
}

/// <summary>Where a document says what an option says.</summary>
/// <param name="Place">The object in the document: a step by its name, or another one by that of its property.</param>
/// <param name="Name">The property in it.</param>
/// <param name="Required">Whether it must be there.</param>
internal sealed record DocumentField(string Place, string Name, bool Required = false)
{
    /// <summary>What there is to say of the property beside the option's description.</summary>
    public string? Note { get; init; }

    /// <summary>The least and the most of a number.</summary>
    public (int Least, int Most) Range { get; init; } = (1, int.MaxValue);
}

/// <summary>
/// What an option means to documents that say the same and to later runs that ask whether a file is still what would be made. All lists of
/// options that this needs are derived from it.
/// </summary>
/// <param name="Effect">What it changes about the files.</param>
/// <param name="Scope">Whose it is.</param>
/// <param name="Value">Its value in an options record as one would type it; null when it was not given.</param>
internal record OptionRole<TOptions>(OptionEffect Effect, OptionScope Scope, Func<TOptions, string?> Value)
    where TOptions : class
{
    /// <summary>Where a document says it; null where none does.</summary>
    public DocumentField? Field { get; init; }

    /// <summary>What a recipe says of it where that is more than its value: name and text.</summary>
    public (string Name, Func<TOptions, string?> Text)? Recipe { get; init; }
}
