using System.Runtime.InteropServices;

namespace KexecSign.Files;

/// <summary>Extended attributes of files (setxattr(2), getxattr(2)).</summary>
internal static partial class ExtendedAttribute
{
    private const int NotSupported = 95, NotPermitted = 1, AccessDenied = 13, NoData = 61, NoSpace = 28, ReadOnly = 30, Range = 34;

    // The kernel's own limit for a value, XATTR_SIZE_MAX.
    private const int MaxSize = 65536;

    /// <summary>Sets an attribute; null when that worked, otherwise the reason in a few words.</summary>
    public static unsafe string? TrySet(string file, string name, byte[] value)
    {
        int result;
        fixed (byte* bytes = value)
            result = SetXattr(file, name, bytes, (nuint)value.Length, 0);
        return result == 0 ? null : Reason(Marshal.GetLastPInvokeError(), file);
    }

    /// <summary>Reads an attribute; null when there is none or it cannot be read.</summary>
    public static unsafe byte[]? TryGet(string file, string name)
    {
        byte[] buffer = new byte[MaxSize];
        nint length;
        fixed (byte* bytes = buffer)
            length = GetXattr(file, name, bytes, (nuint)buffer.Length);
        return length < 0 ? null : buffer[..(int)length];
    }

    private static string Reason(int error, string file) => error switch
    {
        NotSupported when FileSystemKind.IsFat(FileSystemKind.Of(file)) => FileSystemKind.OnFat,
        NotSupported => "the file system has no such attributes",
        NotPermitted or AccessDenied => "not permitted (security.* needs CAP_SYS_ADMIN)",
        NoSpace or Range => "the value does not fit the file system's limit",
        ReadOnly => "the file system is read-only",
        NoData => "no such attribute",
        _ => $"errno {error}",
    };

    [LibraryImport("libc", EntryPoint = "setxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int SetXattr(string path, string name, byte* value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "getxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint GetXattr(string path, string name, byte* value, nuint size);
}
