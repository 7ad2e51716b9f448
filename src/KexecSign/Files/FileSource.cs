using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Keys.Files;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>An input, opened once; its length is what it was then. A stream is copied to a temporary file first.</summary>
public sealed class FileSource : IByteSource, IDisposable
{
    private readonly SafeFileHandle? _handle;
    private readonly TemporaryFile? _spooled;

    private FileSource(string path, SafeFileHandle handle, FileFacts facts)
    {
        Path = path;
        Facts = facts;
        if (facts.Kind == FileKind.Regular)
        {
            _handle = handle;
            Length = facts.Length;
            return;
        }
        using (handle)
            _spooled = StreamInput.Spool(handle, path);
        Length = _spooled.Length;
    }

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public long Length { get; }

    /// <summary>The regular file itself.</summary>
    internal SafeFileHandle Handle => _handle ?? throw new InvalidOperationException($"{Path} is a stream");

    /// <summary>What the system said of it when it was opened.</summary>
    internal FileFacts Facts { get; }

    /// <summary>
    /// Opens a regular file for reading, or a stream: <c>-</c> or /dev/stdin, a FIFO or pipe. No output of the run may replace it.
    /// </summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3004, KS3050.</exception>
    public static FileSource Open(string path)
    {
        ReadFiles.Note(path);
        return OpenReplaceable(path);
    }

    /// <summary>The same for a file that the run may write anew: one that is edited in place, or that it made itself.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3004, KS3050.</exception>
    internal static FileSource OpenReplaceable(string path)
    {
        (SafeFileHandle handle, FileFacts facts) = StreamInput.Open(path);
        return new(path, handle, facts);
    }

    /// <summary>Opens a regular file for reading, and nothing else.</summary>
    /// <param name="path">The file.</param>
    /// <param name="root">The folder that was named and that the file lies below; null when it was named itself.</param>
    /// <param name="name">Its path below that folder.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3051.</exception>
    internal static FileSource OpenRegular(string path, string? root = null, string name = "")
    {
        (SafeFileHandle handle, FileFacts facts) = StreamInput.OpenRegular(root, name, path);
        return new(path, handle, facts);
    }

    /// <summary>Copies a regular file into a stream.</summary>
    internal void CopyTo(OutputTarget stream) => StreamOutput.Copy(_handle!, Length, stream);

    /// <summary>The file as a layout.</summary>
    public Layout ToLayout() => Layout.Of(this);

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        if (_spooled is not null)
        {
            _spooled.Read(offset, destination);
            return;
        }
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
    public void Dispose()
    {
        _handle?.Dispose();
        _spooled?.Dispose();
    }

    private int ReadSome(long offset, Span<byte> destination)
    {
        try
        {
            return RandomAccess.Read(_handle!, destination, offset);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.InputUnreadable.Because(failed, FileFailure.Reason(failed)).In(Path);
        }
    }
}
