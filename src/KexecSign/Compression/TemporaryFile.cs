using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using KexecSign.Errors;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Running;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Compression;

/// <summary>An unlinked temporary file: it has no name and goes when it is closed, even if the process is killed.</summary>
internal sealed partial class TemporaryFile : IByteSource, IDisposable
{
    private const int NoSpace = 28;

    private readonly SafeFileHandle _handle;

    private TemporaryFile(SafeFileHandle handle) => _handle = handle;

    /// <inheritdoc/>
    public long Length { get; private set; }

    /// <summary>Makes one in the system's temporary folder.</summary>
    public static TemporaryFile Create()
    {
        string path = Path.Combine(Path.GetTempPath(), $"kexecsign-{Guid.NewGuid():N}");
        try
        {
            SafeFileHandle handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            File.Delete(path);
            return new(handle);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(path);
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

    /// <summary>Sets the length, reserves the space and maps the file.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3004: writing to a mapping whose space is missing would kill the process.</exception>
    public MemoryMappedFile Map(long length)
    {
        if (length > Length)
        {
            int error = Reserve(_handle, 0, length);
            if (error == NoSpace)
                throw OperationErrors.DiskFull.With(Length, length).In(Path.GetTempPath());
            RandomAccess.SetLength(_handle, length);
        }
        return MemoryMappedFile.CreateFromFile(_handle, null, length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
    }

    /// <summary>Cuts the file after it was written through a mapping.</summary>
    public void SetLength(long length)
    {
        RandomAccess.SetLength(_handle, length);
        Length = length;
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

    // Returns the error number.
    [LibraryImport("libc", EntryPoint = "posix_fallocate")]
    private static partial int Reserve(SafeFileHandle file, long offset, long length);
}
