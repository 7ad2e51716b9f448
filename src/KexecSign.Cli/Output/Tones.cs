using System.Collections.Frozen;

namespace KexecSign.Cli.Output;

/// <summary>What colour adds to a text, which says the same without it.</summary>
internal enum Tone
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A title.</summary>
    Strong,

    /// <summary>A name in front of a value, or above a column.</summary>
    Label,

    /// <summary>A yes.</summary>
    Good,

    /// <summary>A no.</summary>
    Bad,

    /// <summary>Neither.</summary>
    Open,
}

/// <summary>Which words are a yes, a no, or neither.</summary>
internal static class Tones
{
    private static readonly FrozenDictionary<string, Tone> Words = new Dictionary<string, Tone>(StringComparer.Ordinal)
    {
        ["accepts"] = Tone.Good,
        ["accepts once applied"] = Tone.Good,
        ["verified"] = Tone.Good,
        ["refuses"] = Tone.Bad,
        ["failed"] = Tone.Bad,
        ["NO"] = Tone.Bad,
        ["does not check"] = Tone.Open,
        ["not decided"] = Tone.Open,
        ["notchecked"] = Tone.Open,
        ["skipped"] = Tone.Open,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The tone of a cell that holds nothing but such a word.</summary>
    public static Tone Of(string cell) => Words.GetValueOrDefault(cell, Tone.None);

    /// <summary>The escape sequence; null for none.</summary>
    public static string? Sequence(Tone tone) => tone switch
    {
        Tone.None => null,
        Tone.Strong => "\e[1m",
        Tone.Label => "\e[2m",
        Tone.Good => "\e[32m",
        Tone.Bad => "\e[1;31m",
        Tone.Open => "\e[33m",
        _ => throw new System.Diagnostics.UnreachableException($"{tone}"),
    };
}
