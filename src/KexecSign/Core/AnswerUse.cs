namespace KexecSign.Core;

/// <summary>
/// How much of an operation's answer is read. Beside an image's digest the SHA-256 of the file is a second hash over every byte, of
/// which no signature speaks: what nobody reads of it is not computed.
/// </summary>
public enum AnswerUse
{
    /// <summary>Whether it went well.</summary>
    Outcome,

    /// <summary>What its view shows.</summary>
    View,

    /// <summary>Every property.</summary>
    Whole,
}
