namespace KexecSign.Compression;

/// <summary>How an encoder is set.</summary>
/// <param name="Level">Its level.</param>
internal sealed record CompressionAttempt(int Level)
{
    /// <summary>zstd: look for matches of 16 bytes and more at any distance first. Nothing for gzip.</summary>
    public bool LongMatches { get; init; }

    /// <summary>zstd: end the frame with a checksum, as the zstd program does.</summary>
    public bool Checksum { get; init; } = true;

    /// <inheritdoc/>
    public override string ToString() => $"level {Level}{(LongMatches ? ", long matches" : "")}{(Checksum ? "" : ", without checksum")}";
}
