using System.Security.Cryptography;
using KexecSign.Formats.Errors;

namespace KexecSign.Files;

/// <summary>Writes to an output and hashes what is written, beside the caller who makes the next bytes.</summary>
/// <param name="output">Where it goes; the caller makes it appear.</param>
/// <param name="expectedLength">What will be written in all, in bytes, to be told when the disk is full.</param>
internal sealed class HashedOutput(OutputFile output, long expectedLength) : IDisposable
{
    private const int ChunkSize = 1 << 20;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _filling = new byte[ChunkSize], _draining = new byte[ChunkSize];
    private int _count;
    private Task _drain = Task.CompletedTask;

    /// <summary>Appends bytes, which the caller may change afterwards.</summary>
    /// <exception cref="KexecSignException">KS3003, KS3004; also for bytes given before.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int count = Math.Min(bytes.Length, ChunkSize - _count);
            bytes[..count].CopyTo(_filling.AsSpan(_count));
            _count += count;
            bytes = bytes[count..];
            if (_count == ChunkSize)
                Drain();
        }
    }

    /// <summary>Waits until all is written.</summary>
    /// <exception cref="KexecSignException">KS3003, KS3004.</exception>
    public WrittenFile Finish()
    {
        Drain();
        _drain.GetAwaiter().GetResult();
        return new(output.Length, Convert.ToHexStringLower(_hash.GetHashAndReset()));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Who failed already has told it.
        ((IAsyncResult)_drain).AsyncWaitHandle.WaitOne();
        _hash.Dispose();
    }

    private void Drain()
    {
        _drain.GetAwaiter().GetResult();
        (_filling, _draining) = (_draining, _filling);
        ReadOnlyMemory<byte> chunk = _draining.AsMemory(0, _count);
        _count = 0;
        _drain = Task.Run(() =>
        {
            output.Write(chunk.Span, expectedLength);
            _hash.AppendData(chunk.Span);
        });
    }
}
