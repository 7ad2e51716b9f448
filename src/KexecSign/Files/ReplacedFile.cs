using System.Runtime.InteropServices;
using System.Text;
using KexecSign.Core;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>
/// Gives a new file what the one had that it replaces: owner and group first, then attributes and access lists, then the permission
/// bits. Its time of change is that of the new content. Signatures of the old content (security.ima, security.evm and their user
/// counterparts) are left behind, because they would be wrong.
/// </summary>
internal static class ReplacedFile
{
    private const uint GroupBits = 0x38, OtherBits = 0x7, Unchanged = uint.MaxValue;
    private const int MaxSize = 65536;

    private static readonly string[] OfContent = ["security.ima", "security.evm", "user.ima", "user.evm"];

    /// <summary>Does so.</summary>
    /// <param name="made">The new file.</param>
    /// <param name="target">Where it goes.</param>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public static void Keep(SafeFileHandle made, OutputTarget target)
    {
        // Asked again: minutes may have gone by.
        if (FileFacts.Of(target.Full, followLink: false) is not { Kind: FileKind.Regular } old)
        {
            Libc.Check(Libc.Chmod(made, target.NewMode));
            return;
        }
        if (old.Links > 1)
            Warn($"{target.Path} has {old.Links - 1} other name(s); they keep the old content.");
        FileFacts now = FileFacts.Of(made);
        bool ownerKept = old.Owner == now.Owner || Libc.Chown(made, old.Owner, Unchanged) == 0;
        bool groupKept = old.Group == now.Group || Libc.Chown(made, Unchanged, old.Group) == 0;
        bool attributesKept = CopyAttributes(made, target.Full, ownerKept && groupKept);
        uint mode = old.Mode;
        // The bits were given to the old owner and group; what runs as another, or is read by another group, nobody has asked for.
        if (!ownerKept || !groupKept)
            mode &= ~FileFacts.SetIdBits;
        if (!groupKept)
            mode &= ~GroupBits | ((mode & OtherBits) << 3);
        Libc.Check(Libc.Chmod(made, target.Limit(mode)));
        if (!ownerKept || !groupKept)
            Warn($"{target.Path}: {old.Owner}:{old.Group} could not stay its owner; it is now that of this "
                + $"user{(mode == old.Mode ? "" : ", with fewer permissions")}.");
        if (!attributesKept)
            Warn($"{target.Path}: not every extended attribute could be kept.");
    }

    private static bool CopyAttributes(SafeFileHandle made, string path, bool sameOwner)
    {
        using SafeFileHandle old = Libc.OpenHandle(Libc.CurrentFolder, path, Libc.ReadOnly | Libc.NonBlocking | Libc.NoFollow);
        // Whoever may replace a file need not be allowed to read it.
        if (old.IsInvalid)
            return true;
        bool all = true;
        foreach (string name in Names(old))
        {
            // A capability is a set-id bit by another name.
            if (OfContent.Contains(name) || (name == "security.capability" && !sameOwner) || Get(made, name) is not null)
                continue;
            if (Get(old, name) is not { } value || Set(made, name, value))
                continue;
            all = false;
            if (Marshal.GetLastPInvokeError() is Libc.NoSpace or Libc.QuotaExceeded or Libc.InputOutput)
                throw Libc.Failed();
        }
        return all;
    }

    private static unsafe string[] Names(SafeFileHandle file)
    {
        // Nearly all files have none.
        nint length = Libc.ListAttributes(file, null, 0);
        if (length <= 0)
            return [];
        byte[] names = new byte[MaxSize];
        fixed (byte* into = names)
            length = Libc.ListAttributes(file, into, (nuint)names.Length);
        return length <= 0 ? [] : Encoding.UTF8.GetString(names, 0, (int)length).Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }

    private static unsafe byte[]? Get(SafeFileHandle file, string name)
    {
        byte[] value = new byte[MaxSize];
        nint length;
        fixed (byte* into = value)
            length = Libc.GetAttribute(file, name, into, (nuint)value.Length);
        return length < 0 ? null : value[..(int)length];
    }

    private static unsafe bool Set(SafeFileHandle file, string name, byte[] value)
    {
        fixed (byte* from = value)
            return Libc.SetAttribute(file, name, from, (nuint)value.Length, 0) == 0;
    }

    private static void Warn(string message) => RunScope.Current?.Log.Warning(message);
}
