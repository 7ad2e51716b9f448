using System.Runtime.InteropServices;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Keys.Pkcs11;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>
/// A file that appears whole or not at all: written beside its target under a temporary name, flushed to the disk, then
/// renamed. Half-written kernels have bricked machines.
/// </summary>
public sealed partial class OutputFile : IDisposable
{
    private const long FlushStep = 8 << 20;

    private readonly string _target;
    private readonly string _temporary;
    private readonly SafeFileHandle _handle;
    private long _begun;
    // Where the last byte that was written ends; Length may lie behind it, with a hole between them.
    private long _written;
    private bool _committed;

    private OutputFile(string path, string target, string temporary, SafeFileHandle handle)
    {
        Path = path;
        _target = target;
        _temporary = temporary;
        _handle = handle;
    }

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <summary>Bytes written so far.</summary>
    public long Length { get; private set; }

    /// <summary>The bytes written so far, for reading back before they appear under their name.</summary>
    internal SafeFileHandle Handle => _handle;

    /// <summary>The same as a layout.</summary>
    internal Layout ToLayout() => Layout.Of(new WrittenBytes(this));

    /// <summary>The folder it is to appear in.</summary>
    internal string Folder => System.IO.Path.GetDirectoryName(_target)!;

    /// <summary>Begins an output.</summary>
    /// <param name="path">Where it is to appear; a symbolic link is followed, so that the link stays.</param>
    /// <param name="inputs">Files that are being read and must not be the target.</param>
    /// <exception cref="KexecSignException">KS3003, KS3005.</exception>
    public static OutputFile Create(string path, params ReadOnlySpan<string> inputs) => Create(path, ResolveFolder, inputs);

    /// <summary>The same for one of many outputs, whose folders are resolved once.</summary>
    internal static OutputFile Create(string path, OutputFolders folders, params ReadOnlySpan<string> inputs) => Create(path, folders.Resolve, inputs);

    private static OutputFile Create(string path, Func<string, string> resolveFolder, ReadOnlySpan<string> inputs)
    {
        try
        {
            string target = Resolve(path, resolveFolder);
            foreach (string input in inputs)
            {
                if (Resolve(input, resolveFolder) == target)
                    throw OperationErrors.OutputIsInput.With().In(path);
            }
            if (Directory.Exists(target))
                throw OperationErrors.OutputUnwritable.With("it is a folder").In(path);
            string folder = System.IO.Path.GetDirectoryName(target)!;
            // Without the target's name, which may be as long as a name can be already.
            string temporary = System.IO.Path.Combine(folder, $".kexecsign-{Guid.NewGuid():N}.tmp");
            SafeFileHandle handle = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
            var output = new OutputFile(path, target, temporary, handle);
            ExpendableThread.Current?.Hold(output);
            return output;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(path);
        }
    }

    /// <summary>Appends bytes.</summary>
    /// <exception cref="KexecSignException">KS3003, KS3004.</exception>
    public void Write(ReadOnlySpan<byte> bytes, long expectedLength = 0)
    {
        try
        {
            RandomAccess.Write(_handle, bytes, Length);
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
            RandomAccess.Write(_handle, [head, tail], 0);
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
            _ = Fallocate(_handle, keepSize, Length, count);
    }

    /// <summary>Appends zeros that take no space on file systems with holes.</summary>
    internal void Skip(long count) => Length += count;

    /// <summary>Replaces bytes written before.</summary>
    internal void Overwrite(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(_handle, bytes, offset);

    /// <summary>Makes the file appear under its name; an existing file's permission bits are kept.</summary>
    /// <exception cref="KexecSignException">KS3003, KS3004.</exception>
    public void Commit() => Place(() =>
    {
        RandomAccess.FlushToDisk(_handle);
        Rename();
        FlushFolder(Folder);
    });

    /// <summary>The same for a caller who has flushed the file system and will flush it again.</summary>
    internal void Appear() => Place(Rename);

    // The disk works while the rest is hashed and written, and the flush at the end finds little to wait for.
    private void BeginFlush()
    {
        const uint startWriting = 2;
        if (Length - _begun < FlushStep)
            return;
        _ = SyncFileRange(_handle, _begun, Length - _begun, startWriting);
        _begun = Length;
    }

    private void Place(Action rename)
    {
        try
        {
            // Asks the system once.
            var replaced = new FileInfo(_target);
            if (replaced.Exists)
                File.SetUnixFileMode(_handle, replaced.UnixFileMode);
            if (_written < Length)
                RandomAccess.SetLength(_handle, Length);
            rename();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(failed, Length);
        }
    }

    private KexecSignException Unwritable(Exception failed, long wanted) => FileFailure.IsDiskFull(failed)
        ? OperationErrors.DiskFull.Because(failed, RandomAccess.GetLength(_handle), wanted).In(Path)
        : OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(Path);

    private void Rename()
    {
        File.Move(_temporary, _target, overwrite: true);
        _committed = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _handle.Dispose();
        if (!_committed)
            File.Delete(_temporary);
    }

    internal static string Resolve(string path) => Resolve(path, ResolveFolder);

    /// <summary>A folder without symbolic links; as it was given when it does not exist.</summary>
    internal static string ResolveFolder(string folder) => RealPath(folder) ?? folder;

    private static string Resolve(string path, Func<string, string> resolveFolder)
    {
        string full = System.IO.Path.GetFullPath(path);
        // ResolveLinkTarget raises for a path that does not exist, which is what most outputs are.
        if (new FileInfo(full).LinkTarget is not null)
            full = File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
        // .NET follows links in the last part of a path only; two ways into one folder would hide that output and input are one.
        string? folder = System.IO.Path.GetDirectoryName(full);
        return folder is null ? full : System.IO.Path.Combine(resolveFolder(folder), System.IO.Path.GetFileName(full));
    }

    private static unsafe string? RealPath(string folder)
    {
        const int pathMax = 4096;
        byte* buffer = stackalloc byte[pathMax];
        return RealPath(folder, buffer) == 0 ? null : Marshal.PtrToStringUTF8((nint)buffer);
    }

    // The rename itself is on the disk only when the folder is; .NET has no way to open a folder.
    internal static void FlushFolder(string folder)
    {
        int descriptor = Open(folder, 0);
        if (descriptor < 0)
            return;
        _ = Fsync(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "fallocate")]
    private static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncFileRange(SafeFileHandle file, long offset, long count, uint flags);

    [LibraryImport("libc", EntryPoint = "realpath", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint RealPath(string path, byte* resolved);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
