using System.Runtime.InteropServices;
using KexecSign.Core.Errors;

namespace KexecSign.Files;

/// <summary>Who owns a file (statx(2); the framework does not tell).</summary>
internal static partial class FileOwner
{
    private const int CurrentFolder = -100;
    private const uint OwnerAndGroup = 0x8 | 0x10;

    /// <summary>User and group id.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3002.</exception>
    public static unsafe (uint Owner, uint Group) Of(string path)
    {
        // struct statx takes 256 bytes; stx_uid is at 20, stx_gid at 24.
        byte* answer = stackalloc byte[256];
        return StatX(CurrentFolder, path, 0, OwnerAndGroup, answer) == 0
            ? (*(uint*)(answer + 20), *(uint*)(answer + 24))
            : throw OperationErrors.InputUnreadable.With($"its owner cannot be read (errno {Marshal.GetLastPInvokeError()})").In(path);
    }

    /// <summary>Whom this process acts for.</summary>
    public static uint OfThisProcess => EffectiveUser();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int folder, string path, int flags, uint mask, byte* answer);
}
