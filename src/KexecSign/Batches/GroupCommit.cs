using System.Runtime.InteropServices;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Batches;

/// <summary>
/// Makes many outputs appear, each whole or not at all. Their bytes are on the disk before any of them gets its name, as with
/// <see cref="OutputFile.Commit"/>; but the file system is flushed once for hundreds of files, because a flush for each takes longer
/// than all the rest. Safe to use from several threads at a time.
/// </summary>
internal sealed partial class GroupCommit : IDisposable
{
    private const int GroupSize = 256;

    private readonly Lock _adding = new(), _flushing = new();
    private readonly Dictionary<ulong, string> _fileSystems = [];
    private List<(OutputFile File, Action<KexecSignException?> Done)> _waiting = [];

    /// <summary>The folders of the batch's outputs.</summary>
    public OutputFolders Folders { get; } = new();

    /// <summary>Takes over a file that is written. It may appear now or later.</summary>
    /// <param name="file">The file.</param>
    /// <param name="done">Told when it is there, or why it is not.</param>
    public void Add(OutputFile file, Action<KexecSignException?> done)
    {
        List<(OutputFile, Action<KexecSignException?>)> group;
        lock (_adding)
        {
            _waiting.Add((file, done));
            if (_waiting.Count < GroupSize)
                return;
            group = _waiting;
            _waiting = [];
        }
        Appear(group);
    }

    /// <summary>Writes a file and takes it over; one that cannot be written leaves nothing.</summary>
    /// <param name="file">The file, still empty.</param>
    /// <param name="write">Writes it.</param>
    /// <param name="done">Told when it is there, or why it is not.</param>
    public void Add(OutputFile file, Action<OutputFile> write, Action<KexecSignException?> done)
    {
        try
        {
            write(file);
            Add(file, done);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Makes what is left appear, and the names themselves last.</summary>
    public void Finish()
    {
        List<(OutputFile, Action<KexecSignException?>)> group;
        lock (_adding)
        {
            group = _waiting;
            _waiting = [];
        }
        Appear(group);
        lock (_flushing)
        {
            foreach (string folder in _fileSystems.Values)
                Flush(folder);
        }
    }

    /// <summary>Throws away what has not appeared.</summary>
    public void Dispose()
    {
        foreach ((OutputFile file, _) in _waiting)
            file.Dispose();
    }

    private void Appear(List<(OutputFile File, Action<KexecSignException?> Done)> group)
    {
        lock (_flushing)
        {
            try
            {
                var flushed = new HashSet<ulong>();
                foreach ((OutputFile file, _) in group)
                {
                    ulong device = DeviceOf(file.Handle);
                    if (!flushed.Add(device))
                        continue;
                    _fileSystems.TryAdd(device, file.Folder);
                    if (SyncFs(file.Handle) != 0)
                        throw OperationErrors.OutputUnwritable.With($"its file system cannot be flushed (errno {Marshal.GetLastPInvokeError()})").In(file.Path);
                }
                foreach ((OutputFile file, Action<KexecSignException?> done) in group)
                    Appear(file, done);
            }
            finally
            {
                foreach ((OutputFile file, _) in group)
                    file.Dispose();
            }
        }
    }

    private static void Appear(OutputFile file, Action<KexecSignException?> done)
    {
        KexecSignException? refused = null;
        try
        {
            file.Appear();
        }
        catch (KexecSignException failure)
        {
            refused = failure;
        }
        done(refused);
    }

    private static void Flush(string folder)
    {
        int descriptor = Open(folder, 0);
        if (descriptor < 0)
            return;
        _ = SyncFs(descriptor);
        _ = Close(descriptor);
    }

    // struct statx is 256 bytes and the same on every architecture; stx_dev_major lies at 0x88.
    private static unsafe ulong DeviceOf(SafeFileHandle file)
    {
        const int emptyPath = 0x1000;
        byte* answer = stackalloc byte[256];
        return Statx(file, "", emptyPath, 0, answer) == 0 ? *(ulong*)(answer + 0x88) : ulong.MaxValue;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(SafeFileHandle file, string path, int flags, uint mask, byte* answer);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFs(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "syncfs")]
    private static partial int SyncFs(int descriptor);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
