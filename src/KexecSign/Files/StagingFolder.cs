using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>A hidden folder, for its owner alone, in which outputs are made; it is locked, and goes away whatever happens.</summary>
internal sealed class StagingFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly SafeFileHandle _lock;

    private StagingFolder(string path, FileFacts? parent, SafeFileHandle locked)
    {
        Path = path;
        Parent = parent;
        _lock = locked;
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>The folder of the targets; null for those of streams.</summary>
    public FileFacts? Parent { get; }

    /// <summary>Makes one beside a target; in the system's temporary folder for a stream.</summary>
    /// <exception cref="IOException">It cannot be made there.</exception>
    public static StagingFolder Create(OutputTarget target)
    {
        if (target.IsStream)
            return CreateTemporary();
        using SafeFileHandle open = target.OpenFolder();
        return Create(target.Folder, FileFacts.Of(open));
    }

    /// <summary>Makes one in the system's temporary folder.</summary>
    /// <exception cref="IOException">It cannot be made there.</exception>
    public static StagingFolder CreateTemporary() => Create(System.IO.Path.GetTempPath(), null);

    private static StagingFolder Create(string parent, FileFacts? facts)
    {
        Leftovers.Sweep(parent);
        for (; ; )
        {
            string path = System.IO.Path.Combine(parent, Leftovers.NewName());
            Leftovers.Begin(path);
            Directory.CreateDirectory(path, OwnerOnly);
            SafeFileHandle folder = Libc.OpenHandle(Libc.CurrentFolder, path, Libc.ReadOnly | Libc.Folder | Libc.NoFollow);
            if (!folder.IsInvalid && Leftovers.Lock(folder))
                return new(path, facts, folder);
            Leftovers.Forget(path);
            if (folder.IsInvalid)
                throw Libc.Failed();
            folder.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception stays) when (stays is IOException or UnauthorizedAccessException)
        {
            // What ended the run has been told; the next one will find the folder.
        }
        Leftovers.Forget(Path);
        _lock.Dispose();
    }
}
