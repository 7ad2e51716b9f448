using KexecSign.Core.Errors;

namespace KexecSign.Compression;

/// <summary>
/// Unpacks each piece of a gzip payload again, by libdeflate, before it counts: what is written here is booted, and the stub does not
/// look at gzip's checksum. One for each thread.
/// </summary>
internal sealed class PieceCheck : IDisposable
{
    private readonly nint _decompressor;
    private readonly byte[] _unpacked;

    /// <param name="longest">Length of the longest piece in bytes.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS5004.</exception>
    public PieceCheck(int longest)
    {
        _unpacked = new byte[longest];
        _decompressor = LibDeflate.AllocDecompressor();
        if (_decompressor == 0)
            throw OperationErrors.CompressionFailed.With("gzip", "libdeflate has no memory to unpack with");
    }

    // A last block, empty and stored (RFC 1951 3.2.4).
    private static ReadOnlySpan<byte> End => [1, 0, 0, 0xFF, 0xFF];

    /// <summary>Requires that a packed piece is what was packed.</summary>
    /// <param name="packed">A buffer that begins with it and has room for <see cref="DeflateJoint.EndSize"/> bytes more, which are
    /// changed.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="goesOn">Whether others follow, so that its last block is not marked as the last.</param>
    /// <param name="piece">What was packed.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS5004.</exception>
    public void Require(Span<byte> packed, int length, bool goesOn, ReadOnlySpan<byte> piece)
    {
        if (goesOn)
        {
            End.CopyTo(packed[length..]);
            length += End.Length;
        }
        Span<byte> unpacked = _unpacked.AsSpan(0, piece.Length);
        if (!LibDeflate.Inflate(_decompressor, packed[..length], unpacked) || !unpacked.SequenceEqual(piece))
            throw OperationErrors.CompressionFailed.With("gzip", "what it made does not unpack to what it was given");
    }

    /// <inheritdoc/>
    public void Dispose() => LibDeflate.FreeDecompressor(_decompressor);
}
