using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>
/// A file on its way to its name. Until then only its owner may read it. Where the file system can, it has no name at all, so that
/// nothing is left of a run that is killed; elsewhere it has a temporary one.
/// </summary>
internal sealed class MadeFile : IDisposable
{
    private const int OwnerOnly = 0x180, Attempts = 16;

    private static readonly bool CanLink = Directory.Exists("/proc/self/fd");

    private readonly string _folder;
    private string? _name;

    private MadeFile(SafeFileHandle handle, string folder, string? name)
    {
        Handle = handle;
        _folder = folder;
        _name = name;
        if (name is not null)
            Leftovers.Begin(Path.Combine(folder, name));
    }

    /// <summary>The file.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Whether it stands in its folder under a temporary name.</summary>
    public bool IsNamed => _name is not null;

    /// <summary>Begins one.</summary>
    /// <param name="open">The folder.</param>
    /// <param name="folder">Its path.</param>
    /// <exception cref="IOException">It cannot be made there.</exception>
    public static MadeFile Create(SafeFileHandle open, string folder)
    {
        int descriptor = (int)open.DangerousGetHandle();
        if (CanLink)
        {
            SafeFileHandle unnamed = Libc.OpenHandle(descriptor, ".", Libc.ReadWrite | Libc.Unnamed, OwnerOnly);
            if (!unnamed.IsInvalid)
                return new(unnamed, folder, null);
        }
        for (int i = 0; i < Attempts; i++)
        {
            string name = Leftovers.NewName();
            SafeFileHandle made = Libc.OpenHandle(descriptor, name, Libc.ReadWrite | Libc.Create | Libc.Exclusive | Libc.NoFollow,
                OwnerOnly);
            if (made.IsInvalid)
                throw Libc.Failed();
            if (Leftovers.Lock(made))
                return new(made, folder, name);
            made.Dispose();
        }
        throw Libc.Failed(Libc.TryAgain);
    }

    /// <summary>Begins one without a name that never gets one, in the system's temporary folder.</summary>
    /// <exception cref="IOException">It cannot be made there.</exception>
    public static SafeFileHandle CreateNameless()
    {
        string folder = Path.GetTempPath();
        SafeFileHandle unnamed = Libc.OpenHandle(Libc.CurrentFolder, folder, Libc.ReadWrite | Libc.Unnamed | Libc.Exclusive, OwnerOnly);
        if (!unnamed.IsInvalid)
            return unnamed;
        using SafeFileHandle open = Libc.OpenHandle(Libc.CurrentFolder, folder, Libc.PathOnly | Libc.Folder);
        if (open.IsInvalid)
            throw Libc.Failed();
        string name = Leftovers.NewName();
        SafeFileHandle made = Libc.OpenHandle((int)open.DangerousGetHandle(), name,
            Libc.ReadWrite | Libc.Create | Libc.Exclusive | Libc.NoFollow, OwnerOnly);
        if (made.IsInvalid)
            throw Libc.Failed();
        Libc.Check(Libc.UnlinkAt(open, name, 0));
        return made;
    }

    /// <summary>Gives it a temporary name if it has none.</summary>
    /// <exception cref="IOException">There is no room for the name.</exception>
    public string Named(SafeFileHandle folder)
    {
        if (_name is not null)
            return _name;
        _ = Leftovers.Lock(Handle);
        string name = Leftovers.NewName();
        Leftovers.Begin(Path.Combine(_folder, name));
        try
        {
            Link(folder, name);
        }
        catch
        {
            Leftovers.Forget(Path.Combine(_folder, name));
            throw;
        }
        return _name = name;
    }

    /// <summary>Gives it the target's name if it has none yet and nothing stands there.</summary>
    /// <returns>False when a temporary name is needed.</returns>
    /// <exception cref="IOException">There is no room for the name.</exception>
    public bool TryAppear(SafeFileHandle folder, string name)
    {
        if (_name is not null)
            return false;
        try
        {
            Link(folder, name);
            return true;
        }
        catch (IOException taken) when (taken.HResult == Libc.Exists)
        {
            return false;
        }
    }

    /// <summary>Says that the temporary name is gone: the file is in place, or was taken away.</summary>
    public void Forget()
    {
        if (_name is null)
            return;
        Leftovers.Forget(Path.Combine(_folder, _name));
        _name = null;
        // Readers that ask for a lock of their own, as .NET's do, would be refused.
        _ = Libc.Lock(Handle, Libc.Unlock);
    }

    /// <summary>Has the system say what it holds back until a file is closed, as NFS does.</summary>
    /// <exception cref="IOException">It was not written.</exception>
    public void CheckClose()
    {
        // A second descriptor of the same open file: closing it flushes, and the lock stays with the first.
        int second = Libc.Duplicate(Handle);
        Libc.Check(second);
        Libc.Check(Libc.Close(second));
    }

    /// <summary>Throws it away unless it is in place.</summary>
    public void Dispose()
    {
        if (_name is not null)
        {
            string path = Path.Combine(_folder, _name);
            try
            {
                File.Delete(path);
            }
            catch (Exception stays) when (stays is IOException or UnauthorizedAccessException)
            {
                // What ended the run has been told; the next one will find the file.
            }
            Leftovers.Forget(path);
            _name = null;
        }
        Handle.Dispose();
    }

    private void Link(SafeFileHandle folder, string name)
    {
        string self = $"/proc/self/fd/{(int)Handle.DangerousGetHandle()}";
        Libc.Check(Libc.LinkAt(Libc.CurrentFolder, self, folder, name, Libc.FollowAt));
        GC.KeepAlive(Handle);
    }
}
