using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>An input file, opened once; its length is what it was then.</summary>
public sealed class FileSource : IByteSource, IDisposable
{
    private readonly SafeFileHandle _handle;

    private FileSource(string path, SafeFileHandle handle, long length)
    {
        Path = path;
        _handle = handle;
        Length = length;
    }

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public long Length { get; }

    /// <summary>Opens a regular file for reading.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002.</exception>
    public static FileSource Open(string path)
    {
        try
        {
            SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
            return new(path, handle, RandomAccess.GetLength(handle));
        }
        // An empty path, or one with a NUL in it, is an argument error to .NET.
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException or ArgumentException)
        {
            throw OperationErrors.InputMissing.Because(missing).In(path);
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw OperationErrors.InputUnreadable.Because(denied, FileFailure.Reason(denied)).In(path);
        }
    }

    /// <summary>The file as a layout.</summary>
    public Layout ToLayout() => Layout.Of(this);

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int count = ReadSome(offset, destination);
            if (count == 0)
                throw OperationErrors.InputChanged.With(Length, offset).In(Path);
            offset += count;
            destination = destination[count..];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private int ReadSome(long offset, Span<byte> destination)
    {
        try
        {
            return RandomAccess.Read(_handle, destination, offset);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.InputUnreadable.Because(failed, FileFailure.Reason(failed)).In(Path);
        }
    }
}
