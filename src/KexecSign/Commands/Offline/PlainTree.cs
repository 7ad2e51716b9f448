using System.IO.Enumeration;
using System.Runtime.InteropServices;
using KexecSign.Core.Errors;

namespace KexecSign.Commands.Offline;

/// <summary>
/// A folder that has been in other hands holds folders and plain files and nothing else. A link in it would have this machine read, or
/// write, where the far side wants; a FIFO would be waited for.
/// </summary>
internal static partial class PlainTree
{
    private const int MostEntries = 100_000;
    private const int CurrentFolder = -100, NoFollow = 0x100;
    private const uint TypeAndLinks = 0x1 | 0x4;
    private const int TypeMask = 0xF000, PlainFile = 0x8000, Folder = 0x4000;

    /// <summary>Raises KS3712 when there is anything else. The folder itself may be reached by a link of the user's own.</summary>
    public static void Require(string folder)
    {
        var entries = new FileSystemEnumerable<string>(folder, (ref FileSystemEntry e) => e.ToFullPath(), new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = 0,
        })
        {
            ShouldRecursePredicate = (ref FileSystemEntry e) => (e.Attributes & FileAttributes.ReparsePoint) == 0,
        };
        int count = 0;
        foreach (string path in entries)
        {
            if (++count > MostEntries)
                throw OperationErrors.NotABundle.With($"it has more than {MostEntries} files").In(folder);
            if (KindOf(path) is { } kind)
                throw OperationErrors.NotABundle.With($"'{Path.GetRelativePath(folder, path)}' is {kind}").In(folder);
        }
    }

    // Null for what may be there.
    private static unsafe string? KindOf(string path)
    {
        // struct statx takes 256 bytes; stx_nlink is at 16, stx_mode at 28.
        byte* answer = stackalloc byte[256];
        if (StatX(CurrentFolder, path, NoFollow, TypeAndLinks, answer) != 0)
            return $"not to be looked at (errno {Marshal.GetLastPInvokeError()})";
        uint links = *(uint*)(answer + 16);
        return (*(ushort*)(answer + 28) & TypeMask) switch
        {
            Folder => null,
            PlainFile when links == 1 => null,
            PlainFile => $"a file with {links} names",
            0xA000 => "a link",
            0x1000 => "a FIFO",
            0xC000 => "a socket",
            _ => "a device",
        };
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int folder, string path, int flags, uint mask, byte* answer);
}
