using System.Collections.Immutable;

namespace KexecSign.Signing.Timestamps;

/// <summary>Where RFC 3161 timestamps come from, and how long to wait for them.</summary>
public sealed record TimestampOptions
{
    /// <summary>URLs, in the order in which they are tried; none for no timestamp.</summary>
    public ImmutableArray<string> Servers { get; init; } = [];

    /// <summary>Certificates of the authorities whose timestamps are taken, or of those that issued theirs.</summary>
    public ImmutableArray<string> Authorities { get; init; } = [];

    /// <summary>Whether a timestamp of anybody is taken.</summary>
    public bool Unverified { get; init; }

    /// <summary>Longest wait for one answer, in seconds.</summary>
    public int AttemptSeconds { get; init; } = 10;

    /// <summary>Longest wait for all timestamps of a run together, in seconds.</summary>
    public int TotalSeconds { get; init; } = 120;
}
