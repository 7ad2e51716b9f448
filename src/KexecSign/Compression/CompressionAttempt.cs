namespace KexecSign.Compression;

/// <summary>How an encoder is set.</summary>
/// <param name="Level">Its level.</param>
internal sealed record CompressionAttempt(int Level)
{
    /// <summary>A piece that holds any kernel.</summary>
    public const int Whole = (int)Decompressor.MaxLength;

    /// <summary>zstd: look further for long matches. Nothing for gzip.</summary>
    public bool LongMatches { get; init; }

    /// <summary>zstd: end the frame with a checksum, as the zstd program does.</summary>
    public bool Checksum { get; init; } = true;

    /// <summary>gzip: bytes that are compressed without knowing those before, beside others. Nothing for zstd.</summary>
    public int PieceLength { get; init; } = 4 << 20;

    /// <summary>
    /// zstd: parts of the input that are compressed beside each other, each knowing some of what comes before. Nothing for gzip.
    /// </summary>
    public int Jobs { get; init; } = 2;

    /// <summary>Which zstd. Nothing for gzip.</summary>
    public ZstdLibrary Zstd { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"level {Level}{Words(LongMatches, ", long matches")}{Words(Jobs > 2, $", {Jobs} parts")}"
        + $"{Words(PieceLength == Whole, ", in one piece")}{Words(!Checksum, ", without checksum")}";

    private static string Words(bool apply, string words) => apply ? words : "";
}
