namespace KexecSign.Compression;

/// <summary>How an encoder is set.</summary>
/// <param name="Level">Its level.</param>
internal sealed record CompressionAttempt(int Level)
{
    /// <summary>zstd: find matches of that many bytes at any distance first; null to leave it to the level.</summary>
    public int? LongMatch { get; init; }

    /// <summary>zstd: end the frame with a checksum, as the zstd program does.</summary>
    public bool Checksum { get; init; } = true;

    /// <inheritdoc/>
    public override string ToString() => $"level {Level}{(LongMatch is null ? "" : $", long matches of {LongMatch}")}{(Checksum ? "" : ", without checksum")}";
}
