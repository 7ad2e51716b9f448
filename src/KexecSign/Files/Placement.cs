using System.Runtime.InteropServices;
using KexecSign.Core.Errors;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>Puts a file that is made under a temporary name in its place, and takes that back as long as the old file is there.</summary>
internal sealed class Placement : IDisposable
{
    private readonly SafeFileHandle _from, _to;
    private readonly string _made, _name;
    private State _state = State.Beside;

    private enum State
    {
        /// <summary>Nothing has happened yet, or it was taken back.</summary>
        Beside,

        /// <summary>It stands where nothing was.</summary>
        New,

        /// <summary>It stands in the old file's place, and the old file under the temporary name.</summary>
        Exchanged,

        /// <summary>It stands in the old file's place, and that is gone.</summary>
        Replaced,
    }

    /// <param name="from">Folder of the temporary name; belongs to this from now on.</param>
    /// <param name="made">The temporary name.</param>
    /// <param name="to">Folder of the target; belongs to this from now on.</param>
    /// <param name="name">The target's name.</param>
    public Placement(SafeFileHandle from, string made, SafeFileHandle to, string name)
    {
        _from = from;
        _made = made;
        _to = to;
        _name = name;
    }

    /// <summary>Puts the file in place.</summary>
    /// <param name="keepOld">Whether the old file is kept for <see cref="Undo"/>, where the file system can exchange two names.</param>
    /// <exception cref="IOException">It cannot be put there; nothing has changed.</exception>
    public void Place(bool keepOld)
    {
        if (Libc.RenameAt2(_from, _made, _to, _name, Libc.NoReplace) == 0)
        {
            _state = State.New;
            return;
        }
        int error = Marshal.GetLastPInvokeError();
        if (error is not (Libc.Exists or Libc.InvalidArgument or Libc.NoSuchCall))
            throw Libc.Failed(error);
        // A folder could be exchanged for a file, too.
        if (FileFacts.Of(_to, _name) is { Kind: not FileKind.Regular } other)
            throw Libc.Failed(other.Kind == FileKind.Folder ? Libc.IsAFolder : Libc.Exists);
        if (keepOld && error == Libc.Exists && Libc.RenameAt2(_from, _made, _to, _name, Libc.Exchange) == 0)
        {
            _state = State.Exchanged;
            return;
        }
        // FAT before Linux 6.0, NFS and others know neither.
        Libc.Check(Libc.RenameAt(_from, _made, _to, _name));
        _state = State.Replaced;
    }

    /// <summary>Flushes the target's folder, so that the name is on the disk.</summary>
    /// <exception cref="IOException">The disk says that it is not.</exception>
    public void Flush() => FlushFolder(_to);

    /// <summary>Takes the file away again, and gives the old one back its name.</summary>
    /// <returns>False when that cannot be done.</returns>
    public bool Undo()
    {
        bool undone = _state switch
        {
            State.Beside => true,
            State.New => Libc.RenameAt(_to, _name, _from, _made) == 0,
            State.Exchanged => Libc.RenameAt2(_from, _made, _to, _name, Libc.Exchange) == 0,
            State.Replaced => false,
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        if (undone)
            _state = State.Beside;
        return undone;
    }

    /// <summary>Ends it: what is left under the temporary name goes, the old file or the one that was taken back.</summary>
    public void Dispose()
    {
        if (_state is State.Beside or State.Exchanged)
            _ = Libc.UnlinkAt(_from, _made, 0);
        _from.Dispose();
        _to.Dispose();
    }

    /// <summary>Flushes a folder that is open by its path alone.</summary>
    /// <exception cref="IOException">The disk says that it is not flushed.</exception>
    public static void FlushFolder(SafeFileHandle folder)
    {
        using SafeFileHandle readable = Libc.OpenHandle((int)folder.DangerousGetHandle(), ".", Libc.ReadOnly | Libc.Folder);
        // A folder that may be written to and not be read cannot be flushed by anyone but its owner.
        if (!readable.IsInvalid)
            Libc.Check(Libc.Fsync(readable));
        else if (Marshal.GetLastPInvokeError() != Libc.AccessDenied)
            throw Libc.Failed();
    }

    /// <summary>Opens the folder of a target again and makes sure that it is still the same.</summary>
    public static SafeFileHandle Reopen(OutputTarget target, FileFacts folder)
    {
        SafeFileHandle again = target.OpenFolder();
        if (FileFacts.Of(again).IsSameAs(folder))
            return again;
        again.Dispose();
        throw OperationErrors.FolderExchanged.With().In(target.Path);
    }
}
