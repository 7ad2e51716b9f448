namespace KexecSign.Cli.Compat;

/// <summary>Whether an option of a peer has a value.</summary>
internal enum PeerValue
{
    None,
    Required,

    /// <summary>Only behind <c>=</c>, or in the same word as a single letter.</summary>
    Optional,
}

/// <summary>An option as the peer has it, described once: how it is written, and what becomes of it here.</summary>
/// <param name="Long">Long name without dashes; empty for none.</param>
/// <param name="Short">Letter; a NUL for none.</param>
/// <param name="Value">Whether it has a value.</param>
internal sealed record PeerOption(string Long, char Short, PeerValue Value)
{
    /// <summary>Why it is refused; null for an option that is taken.</summary>
    public string? Refused { get; private init; }

    /// <summary>What to do instead; one sentence without its full stop.</summary>
    public string? Instead { get; private init; }

    /// <summary>As one types it.</summary>
    public string Typed => Long.Length > 0 ? "--" + Long : "-" + Short;

    public static PeerOption Flag(string name, char letter = '\0') => new(name, letter, PeerValue.None);

    public static PeerOption With(string name, char letter = '\0') => new(name, letter, PeerValue.Required);

    /// <summary>The same option, refused on purpose.</summary>
    public PeerOption No(string because, string instead) => this with { Refused = because, Instead = instead };
}
