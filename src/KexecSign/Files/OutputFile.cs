using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Keys.Pkcs11;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>
/// A file that appears whole or not at all: written in its target's folder without a name, flushed to the disk, and only then named.
/// Half-written kernels have bricked machines. What goes into a stream is made whole first, too.
/// </summary>
public sealed class OutputFile : IDisposable
{
    private const long FlushStep = 8 << 20;

    // On ext4 some 400 names of modules.
    private const long ShortFolder = 16 << 10;

    private readonly OutputTarget _target;
    private readonly FileFacts? _folder;
    private readonly MadeFile? _made;
    private long _begun;
    // Where the last byte that was written ends; Length may lie behind it, with a hole between them.
    private long _written;

    private OutputFile(OutputTarget target, FileFacts? folder, MadeFile? made, SafeFileHandle handle)
    {
        _target = target;
        _folder = folder;
        _made = made;
        Handle = handle;
    }

    /// <summary>The path as it was given.</summary>
    public string Path => _target.Path;

    /// <summary>Bytes written so far.</summary>
    public long Length { get; private set; }

    /// <summary>The bytes written so far, for reading back before they appear under their name.</summary>
    internal SafeFileHandle Handle { get; }

    /// <summary>The same as a layout.</summary>
    internal Layout ToLayout() => Layout.Of(new WrittenBytes(this));

    /// <summary>The folder it is to appear in; null for a stream.</summary>
    internal string? Folder => _target.IsStream ? null : _target.Folder;

    /// <summary>Begins an output.</summary>
    /// <param name="path">Where it is to appear; a symbolic link is followed, so that the link stays. <c>-</c> is standard output.</param>
    /// <param name="inputs">Files that are being read and must not be the target.</param>
    /// <exception cref="KexecSignException">KS3003, KS3005, KS3052-KS3055.</exception>
    public static OutputFile Create(string path, params ReadOnlySpan<string> inputs) =>
        Create(path, OutputTarget.ResolveFolder, inputs, null);

    /// <summary>The same for one of many outputs, whose folders are resolved once.</summary>
    internal static OutputFile Create(string path, OutputFolders folders, params ReadOnlySpan<string> inputs) =>
        Create(path, folders.Resolve, inputs, null);

    /// <summary>Begins a file of a tree anew, below whose folder nothing may be a link.</summary>
    internal static OutputFile Replace(string path, OutputFolders folders, string? root) => Create(path, folders.Resolve, [], root);

    private static OutputFile Create(string path, Func<string, string> resolveFolder, ReadOnlySpan<string> inputs, string? root)
    {
        try
        {
            var target = OutputTarget.Of(path, resolveFolder, inputs, root);
            OutputFile output = target.IsStream || RunScope.Rehearses
                ? new(target, null, null, MadeFile.CreateNameless())
                : Begin(target);
            ExpendableThread.Current?.Hold(output);
            return output;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(path);
        }
    }

    private static OutputFile Begin(OutputTarget target)
    {
        using SafeFileHandle folder = target.OpenFolder();
        var facts = FileFacts.Of(folder);
        var made = MadeFile.Create(folder, target.Folder);
        // Where files need no name until they are whole, a run that was killed has left one only beside what it replaced. Listing a long
        // folder for each of thousands of processes that put one file each into it would take longer than all else they do.
        if (made.IsNamed || target.Replaced is not null || facts.Length <= ShortFolder)
            Leftovers.Sweep(target.Folder);
        return new(target, facts, made, made.Handle);
    }

    /// <summary>Appends bytes.</summary>
    /// <exception cref="KexecSignException">KS3003, KS3004.</exception>
    public void Write(ReadOnlySpan<byte> bytes, long expectedLength = 0)
    {
        try
        {
            RandomAccess.Write(Handle, bytes, Length);
            Length += bytes.Length;
            _written = Length;
            BeginFlush();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(failed, Math.Max(expectedLength, Length + bytes.Length));
        }
    }

    /// <summary>Writes the whole file in one call.</summary>
    /// <exception cref="KexecSignException">KS3003, KS3004.</exception>
    internal void WriteWhole(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> tail)
    {
        long length = (long)head.Length + tail.Length;
        try
        {
            RandomAccess.Write(Handle, [head, tail], 0);
            Length = _written = length;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(failed, length);
        }
    }

    /// <summary>
    /// Takes room on the disk for bytes to come, in one piece, which file systems give and fill faster. Where they cannot, and where
    /// there is no room, writing finds out.
    /// </summary>
    internal void Reserve(long count)
    {
        const int keepSize = 1;
        if (count >= FlushStep)
            _ = Libc.Fallocate(Handle, keepSize, Length, count);
    }

    /// <summary>Appends zeros that take no space on file systems with holes.</summary>
    internal void Skip(long count) => Length += count;

    /// <summary>Replaces bytes written before.</summary>
    /// <exception cref="KexecSignException">KS3003, KS3004.</exception>
    internal void Overwrite(long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(Handle, bytes, offset);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(failed, Length);
        }
    }

    /// <summary>Makes the file appear under its name, as what it replaces was owned and permitted; or copies it into the stream.</summary>
    /// <exception cref="KexecSignException">KS3003, KS3004, KS3052, KS3056, KS3058; the old file is there again but for KS3056.</exception>
    public void Commit()
    {
        if (RunScope.Rehearses)
            return;
        try
        {
            Complete();
            if (_target.IsStream)
            {
                StreamOutput.Copy(Handle, Length, _target);
                return;
            }
            Libc.Check(Libc.Fsync(Handle));
            _made!.CheckClose();
            Place();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(failed, Length);
        }
    }

    /// <summary>The same for a caller who has flushed the file system and will flush it again.</summary>
    internal void Appear()
    {
        if (RunScope.Rehearses)
            return;
        try
        {
            Complete();
            if (_target.IsStream)
            {
                StreamOutput.Copy(Handle, Length, _target);
                return;
            }
            _made!.CheckClose();
            ReplacedFile.Keep(Handle, _target);
            SafeFileHandle folder = Placement.Reopen(_target, _folder!);
            if (_made.TryAppear(folder, _target.Name))
            {
                folder.Dispose();
                return;
            }
            Put(folder, keepOld: false, _ => { });
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(failed, Length);
        }
    }

    // The disk works while the rest is hashed and written, and the flush at the end finds little to wait for.
    private void BeginFlush()
    {
        const uint startWriting = 2;
        if (Length - _begun < FlushStep)
            return;
        _ = Libc.SyncFileRange(Handle, _begun, Length - _begun, startWriting);
        _begun = Length;
    }

    private void Complete()
    {
        _target.RefuseWhatIsRead();
        if (_written < Length)
            RandomAccess.SetLength(Handle, Length);
    }

    private void Place()
    {
        ReplacedFile.Keep(Handle, _target);
        Put(Placement.Reopen(_target, _folder!), keepOld: true, placement =>
        {
            try
            {
                placement.Flush();
            }
            catch (IOException lost)
            {
                if (placement.Undo())
                    throw;
                throw OperationErrors.FolderNotFlushed.Because(lost, FileFailure.Reason(lost)).In(Path);
            }
        });
    }

    private void Put(SafeFileHandle folder, bool keepOld, Action<Placement> flush)
    {
        int second = Libc.Duplicate(folder);
        using var placement = new Placement(folder, _made!.Named(folder), new(second, ownsHandle: true), _target.Name);
        placement.Place(keepOld);
        flush(placement);
        _made.Forget();
    }

    private KexecSignException Unwritable(Exception failed, long wanted) => FileFailure.IsDiskFull(failed)
        ? OperationErrors.DiskFull.Because(failed, Handle.IsClosed ? Length : RandomAccess.GetLength(Handle), wanted).In(Path)
        : OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(Path);

    /// <inheritdoc/>
    public void Dispose()
    {
        _made?.Dispose();
        Handle.Dispose();
    }
}
