using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>
/// The calls of the C library that the framework does not have, or whose errors it does not raise. Nothing else in this project
/// imports from libc.
/// </summary>
internal static partial class Libc
{
    public const int CurrentFolder = -100;
    public const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2, Create = 0x40, Exclusive = 0x80, NonBlocking = 0x800,
        CloseOnExec = 0x80000;
    public const int EmptyPath = 0x1000, NoFollowAt = 0x100, FollowAt = 0x400, RemoveFolder = 0x200;
    public const int LockExclusive = 2, LockNow = 4, Unlock = 8;
    public const int NoReplace = 1, Exchange = 2;
    public const short PollIn = 1, PollOut = 4, PollError = 8, PollHangUp = 16;

    public const int NotPermitted = 1, NoEntry = 2, InterruptedCall = 4, InputOutput = 5, NoDeviceOrReader = 6, TryAgain = 11,
        AccessDenied = 13, Exists = 17;
    public const int CrossDevice = 18, NotAFolder = 20, IsAFolder = 21, InvalidArgument = 22, NoSpace = 28, ReadOnlySystem = 30,
        BrokenPipe = 32;
    public const int RangeError = 34, NoSuchCall = 38, TooManyLinks = 40, NoData = 61, NotSupported = 95, QuotaExceeded = 122;

    private const int OpenAt2Number = 437;

    // Looked up in the whole process, as its own calls are, and not in libc alone: what is loaded before libc (fakeroot, faketime, a
    // checker of faults) has to see these calls too, or packages built under fakeroot get the builder's owner.
    // The native program is linked so; asking for its assembly there would start reflection, for a tenth of a millisecond.
    static Libc()
    {
        if (RuntimeFeature.IsDynamicCodeSupported)
            NativeLibrary.SetDllImportResolver(typeof(Libc).Assembly, (name, _, _) => name == "libc" ? NativeLibrary.GetMainProgramHandle() : 0);
    }

    // These three differ between architectures; x86 and arm do not agree on them.
    public static readonly int Folder = IsArm ? 0x4000 : 0x10000;
    public static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;
    public static readonly int Unnamed = 0x400000 | Folder;
    public const int PathOnly = 0x200000;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    /// <summary>The last call's error, as the exception that the framework would raise.</summary>
    public static IOException Failed() => Failed(Marshal.GetLastPInvokeError());

    /// <summary>An error as the exception that the framework would raise; <see cref="Exception.HResult"/> is the number.</summary>
    public static IOException Failed(int error) => new(Marshal.GetPInvokeErrorMessage(error), error);

    /// <summary>Raises the last call's error when it says -1.</summary>
    public static void Check(int result)
    {
        if (result < 0)
            throw Failed();
    }

    /// <summary>Opens a path and keeps the descriptor; invalid when that failed.</summary>
    public static SafeFileHandle OpenHandle(int folder, string path, int flags, int mode = 0) =>
        new(OpenAt(folder, path, flags | CloseOnExec, mode), ownsHandle: true);

    /// <summary>
    /// Opens a path below a folder, where no part of it may be a symbolic link or lead out. Kernels before 5.6 and some sandboxes lack
    /// the call; there the last part alone is looked at.
    /// </summary>
    public static unsafe SafeFileHandle OpenBeneath(int folder, string path, int flags, bool beneath)
    {
        const ulong noMagicLinks = 0x02, noSymbolicLinks = 0x04, beneathFolder = 0x08;
        // struct open_how: flags, mode, resolve.
        ulong* how = stackalloc ulong[3];
        how[0] = (uint)(flags | CloseOnExec);
        how[1] = 0;
        how[2] = noMagicLinks | noSymbolicLinks | (beneath ? beneathFolder : 0);
        nint descriptor = OpenAt2(OpenAt2Number, folder, path, how, 3 * sizeof(ulong));
        if (descriptor < 0 && Marshal.GetLastPInvokeError() is NoSuchCall or NotPermitted)
            return OpenHandle(folder, path, flags | NoFollow);
        return new(descriptor, ownsHandle: true);
    }

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(int folder, string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint OpenAt2(nint number, nint folder, string path, ulong* how, nuint size);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial int StatX(int folder, string path, int flags, uint mask, byte* answer);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial int StatX(SafeFileHandle folder, string path, int flags, uint mask, byte* answer);

    [LibraryImport("libc", EntryPoint = "statfs", StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial int StatFs(string path, byte* answer);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial nint RealPath(string path, byte* resolved);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Fsync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    public static partial int SyncFs(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fallocate")]
    public static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    public static partial int SyncFileRange(SafeFileHandle file, long offset, long count, uint flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    public static partial int Duplicate(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    public static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int LinkAt(int fromFolder, string from, SafeFileHandle toFolder, string to, int flags);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int UnlinkAt(SafeFileHandle folder, string name, int flags);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RenameAt2(SafeFileHandle fromFolder, string from, SafeFileHandle toFolder, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RenameAt(SafeFileHandle fromFolder, string from, SafeFileHandle toFolder, string to);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    public static partial int Chown(SafeFileHandle file, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    public static partial int Chmod(SafeFileHandle file, uint mode);

    [LibraryImport("libc", EntryPoint = "getsid")]
    public static partial int SessionOf(int process);

    [LibraryImport("libc", EntryPoint = "prctl")]
    public static partial int ProcessControl(int option, nuint two, nuint three, nuint four, nuint five);

    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "fsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial int SetAttribute(SafeFileHandle file, string name, byte* value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "fgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial nint GetAttribute(SafeFileHandle file, string name, byte* value, nuint size);

    [LibraryImport("libc", EntryPoint = "flistxattr", SetLastError = true)]
    public static unsafe partial nint ListAttributes(SafeFileHandle file, byte* names, nuint size);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static unsafe partial nint Read(SafeFileHandle file, byte* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static unsafe partial nint Write(SafeFileHandle file, byte* buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static unsafe partial int Poll(PolledFile* files, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    public static unsafe partial int ResourceLimit(int resource, ulong* limits);

    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void ExitNow(int code);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PolledFile
    {
        public int Descriptor;
        public short Wanted;
        public short Seen;
    }
}
