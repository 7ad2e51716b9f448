using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;

namespace KexecSign.Compression;

/// <summary>
/// A payload that is unpacked again on a thread of its own while the image around it is still being linked and signed. Whoever then judges
/// the finished file gets what was unpacked only if the file's payload is, byte for byte, the one that it was unpacked from. Whatever goes
/// wrong here is left to them: unpacking the file's own payload says what it is.
/// </summary>
internal sealed class UnpackedAhead : IDisposable
{
    private readonly TemporaryFile _packed;
    private readonly ZbootCompression _compression;
    private readonly uint _length;
    private readonly CancellationTokenSource _stop;
    private readonly Task<TemporaryFile?> _unpacking;
    private bool _isTaken;

    private UnpackedAhead(TemporaryFile packed, ZbootCompression compression, uint length, CancellationToken cancellation)
    {
        _packed = packed;
        _compression = compression;
        _length = length;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _unpacking = Task.Factory.StartNew(Unpack, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Begins to unpack.</summary>
    /// <param name="packed">The payload without a length behind it; disposed of with this.</param>
    /// <param name="compression">How it is compressed.</param>
    /// <param name="length">What it unpacks to, in bytes.</param>
    /// <param name="cancellation">Gives up.</param>
    public static UnpackedAhead Begin(TemporaryFile packed, ZbootCompression compression, uint length, CancellationToken cancellation) =>
        new(packed, compression, length, cancellation);

    /// <summary>
    /// What was unpacked, from now on the caller's; null when the payload is another one, or could not be unpacked.
    /// </summary>
    /// <param name="payload">The payload in the finished file.</param>
    /// <param name="compression">How its header says that it is compressed.</param>
    /// <param name="length">What the file says that it unpacks to, in bytes.</param>
    public TemporaryFile? Take(Layout payload, ZbootCompression? compression, uint length)
    {
        if (_isTaken || compression != _compression || length != _length || !IsPacked(payload))
            return null;
        _isTaken = true;
        return _unpacking.Result;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Cancel();
        TemporaryFile? unpacked = _unpacking.Result;
        if (!_isTaken)
            unpacked?.Dispose();
        _packed.Dispose();
        _stop.Dispose();
    }

    private TemporaryFile? Unpack()
    {
        TemporaryFile? kernel = null;
        try
        {
            kernel = TemporaryFile.Create();
            Decompressor.Unpack(Layout.Of(_packed), PayloadFormat.Of(_compression), _length, kernel.Write, _stop.Token);
            return kernel;
        }
        catch (Exception failed) when (failed is not OutOfMemoryException)
        {
            // Whoever unpacks the finished file's payload will meet the same.
            kernel?.Dispose();
            return null;
        }
    }

    private bool IsPacked(Layout payload) =>
        payload.Length == _packed.Length && CommonPrefix.Of(payload, Layout.Of(_packed)) == _packed.Length;
}
