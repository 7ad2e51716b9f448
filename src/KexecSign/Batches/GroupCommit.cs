using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Batches;

/// <summary>
/// Makes many outputs appear, each whole or not at all. Their bytes are on the disk before any of them gets its name, as with
/// <see cref="OutputFile.Commit"/>; but the file system is flushed once for hundreds of files, because a flush for each takes longer
/// than all the rest. Two groups are open at most, one that is flushed and one that is filled. Safe to use from several threads at a time.
/// </summary>
internal sealed class GroupCommit : IDisposable
{
    private readonly object _adding = new();
    private readonly Dictionary<ulong, string> _fileSystems = [];
    private List<(OutputFile File, Action<KexecSignException?> Done)> _waiting = [];
    private bool _flushing;

    /// <summary>How many files one group has: a fraction of what the process may have open.</summary>
    public static int GroupSize { get; } = SizeOf(OpenFiles.Limit);

    /// <summary>The folders of the batch's outputs.</summary>
    public OutputFolders Folders { get; } = new();

    /// <summary>Takes over a file that is written. It may appear now or later.</summary>
    /// <param name="file">The file.</param>
    /// <param name="done">Told when it is there, or why it is not.</param>
    public void Add(OutputFile file, Action<KexecSignException?> done)
    {
        if (RunScope.Rehearses)
        {
            file.Dispose();
            done(null);
            return;
        }
        List<(OutputFile, Action<KexecSignException?>)> group;
        lock (_adding)
        {
            while (_flushing && _waiting.Count >= GroupSize)
                Monitor.Wait(_adding);
            _waiting.Add((file, done));
            if (_flushing || _waiting.Count < GroupSize)
                return;
            group = Take();
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

    /// <summary>Makes what waits appear.</summary>
    public void Flush()
    {
        List<(OutputFile, Action<KexecSignException?>)> group;
        lock (_adding)
        {
            while (_flushing)
                Monitor.Wait(_adding);
            group = Take();
        }
        Appear(group);
    }

    /// <summary>Makes what is left appear, and the names themselves last.</summary>
    /// <exception cref="KexecSignException">KS3056.</exception>
    public void Finish()
    {
        Flush();
        foreach (string folder in _fileSystems.Values)
            Flush(folder);
    }

    /// <summary>Throws away what has not appeared.</summary>
    public void Dispose()
    {
        foreach ((OutputFile file, _) in _waiting)
            file.Dispose();
    }

    private List<(OutputFile, Action<KexecSignException?>)> Take()
    {
        List<(OutputFile, Action<KexecSignException?>)> group = _waiting;
        _waiting = [];
        _flushing = true;
        return group;
    }

    private void Appear(List<(OutputFile File, Action<KexecSignException?> Done)> group)
    {
        try
        {
            var flushed = new Dictionary<ulong, KexecSignException?>();
            foreach ((OutputFile file, Action<KexecSignException?> done) in group)
                done(Flushed(file, flushed) ?? Appear(file));
        }
        finally
        {
            foreach ((OutputFile file, _) in group)
                file.Dispose();
            lock (_adding)
            {
                _flushing = false;
                Monitor.PulseAll(_adding);
            }
        }
    }

    private KexecSignException? Flushed(OutputFile file, Dictionary<ulong, KexecSignException?> flushed)
    {
        try
        {
            ulong device = FileFacts.Of(file.Handle).FileSystem;
            if (flushed.TryGetValue(device, out KexecSignException? refused))
                return refused?.In(file.Path);
            if (file.Folder is not null)
                _fileSystems.TryAdd(device, file.Folder);
            // Said of all files of the group: whose bytes were lost, the system does not tell.
            flushed[device] = null;
            if (Libc.SyncFs(file.Handle) != 0)
                flushed[device] = OperationErrors.OutputUnwritable.With(
                    $"its file system cannot be flushed: {FileFailure.Reason(Libc.Failed())}");
            return flushed[device]?.In(file.Path);
        }
        catch (IOException failed)
        {
            return OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(file.Path);
        }
    }

    private static KexecSignException? Appear(OutputFile file)
    {
        try
        {
            file.Appear();
            return null;
        }
        catch (KexecSignException failure)
        {
            return failure;
        }
    }

    private static void Flush(string folder)
    {
        using SafeFileHandle open = Libc.OpenHandle(Libc.CurrentFolder, folder, Libc.ReadOnly | Libc.Folder);
        // A folder that may be written to and not be read cannot be flushed.
        if (!open.IsInvalid && Libc.SyncFs(open) != 0)
            throw OperationErrors.FolderNotFlushed.With(FileFailure.Reason(Libc.Failed())).In(folder);
    }

    private static int SizeOf(long openFiles)
    {
        const int fewest = 16, most = 256, part = 8;
        return (int)Math.Clamp(openFiles / part, fewest, most);
    }
}
