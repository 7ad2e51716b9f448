using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>An unlinked temporary file: it has no name and goes when it is closed, even if the process is killed.</summary>
internal sealed class TemporaryFile : IByteSource, IDisposable
{
    private readonly SafeFileHandle _handle;

    private TemporaryFile(SafeFileHandle handle) => _handle = handle;

    /// <inheritdoc/>
    public long Length { get; private set; }

    /// <summary>Makes one in the system's temporary folder.</summary>
    public static TemporaryFile Create()
    {
        try
        {
            return new(MadeFile.CreateNameless());
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(Path.GetTempPath());
        }
    }

    /// <summary>Appends bytes.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(_handle, bytes, Length);
            Length += bytes.Length;
        }
        catch (IOException full) when (FileFailure.IsDiskFull(full))
        {
            throw OperationErrors.DiskFull.Because(full, Length, Length + bytes.Length).In(Path.GetTempPath());
        }
        catch (IOException failed)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(Path.GetTempPath());
        }
    }

    /// <summary>Copies a layout in.</summary>
    public void Write(Layout layout, CancellationToken cancellation)
    {
        byte[] chunk = new byte[(int)Math.Min(1 << 20, Math.Max(1, layout.Length))];
        for (long at = 0; at < layout.Length; at += chunk.Length)
        {
            cancellation.ThrowIfCancellationRequested();
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, layout.Length - at));
            layout.Read(at, part);
            Write(part);
        }
    }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int count = RandomAccess.Read(_handle, destination, offset);
            if (count == 0)
                throw Formats.Errors.FormatErrors.OutsideFile.With(offset, destination.Length, Length);
            offset += count;
            destination = destination[count..];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
