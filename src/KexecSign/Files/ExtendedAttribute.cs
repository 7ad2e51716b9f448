using System.Runtime.InteropServices;
using KexecSign.Core;
using KexecSign.Core.Errors;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>Extended attributes of regular files (fsetxattr(2), fgetxattr(2)).</summary>
internal static class ExtendedAttribute
{
    // The kernel's own limit for a value, XATTR_SIZE_MAX.
    private const int MaxSize = 65536;

    /// <summary>Sets an attribute; null when that worked, otherwise the reason in a few words.</summary>
    public static string? TrySet(string file, string name, byte[] value)
    {
        using SafeFileHandle handle = Open(file);
        return handle.IsInvalid ? FileFailure.Reason(Libc.Failed()) : TrySet(handle, file, name, value);
    }

    /// <summary>Sets an attribute of a file that is open: of what was read, whatever its name leads to by now.</summary>
    public static string? TrySet(FileSource file, string name, byte[] value) => TrySet(file.Handle, file.Path, name, value);

    private static unsafe string? TrySet(SafeFileHandle handle, string file, string name, byte[] value)
    {
        if (RunScope.Rehearses)
            return null;
        int result;
        fixed (byte* bytes = value)
            result = Libc.SetAttribute(handle, name, bytes, (nuint)value.Length, 0);
        return result == 0 ? null : Reason(Marshal.GetLastPInvokeError(), file, value.Length);
    }

    /// <summary>Reads an attribute; null when there is none or it cannot be read.</summary>
    public static unsafe byte[]? TryGet(string file, string name)
    {
        using SafeFileHandle handle = Open(file);
        if (handle.IsInvalid)
            return null;
        byte[] buffer = new byte[MaxSize];
        nint length;
        fixed (byte* bytes = buffer)
            length = Libc.GetAttribute(handle, name, bytes, (nuint)buffer.Length);
        return length < 0 ? null : buffer[..(int)length];
    }

    // A link that somebody put in the place of the file that was signed is not followed.
    private static SafeFileHandle Open(string file) =>
        Libc.OpenHandle(Libc.CurrentFolder, OutputTarget.Resolve(file), Libc.ReadOnly | Libc.NonBlocking | Libc.NoFollow);

    private static string Reason(int error, string file, int length) => error switch
    {
        Libc.NotSupported when FileSystemKind.IsFat(FileSystemKind.Of(file)) => FileSystemKind.OnFat,
        Libc.NotSupported => "the file system has no such attributes",
        Libc.NotPermitted or Libc.AccessDenied => "not permitted (security.* needs CAP_SYS_ADMIN)",
        Libc.NoSpace or Libc.RangeError =>
            $"its {length} bytes do not fit the file system's limit (ext4 without ea_inode: 4096 for all attributes of a file)",
        Libc.ReadOnlySystem => "the file system is read-only",
        Libc.NoData => "no such attribute",
        _ => $"errno {error}",
    };
}
