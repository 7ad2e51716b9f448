using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using KexecSign.Core;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>
/// Files and folders under temporary names. They are locked by the run that works on them (flock(2)), so that a later run can tell those
/// of a run that was killed, and take them away; none of them is ever a file of a tree.
/// </summary>
internal static class Leftovers
{
    private const string Start = ".kexecsign-", End = ".tmp";

    private static readonly ConcurrentDictionary<string, bool> Unfinished = new(StringComparer.Ordinal);

    /// <summary>A new name; without the target's, which may be as long as a name can be already.</summary>
    public static string NewName() => $"{Start}{Guid.NewGuid():N}{End}";

    /// <summary>Whether a name is one of these.</summary>
    public static bool IsName(ReadOnlySpan<char> name) =>
        name.StartsWith(Start, StringComparison.Ordinal) && name.EndsWith(End, StringComparison.Ordinal);

    /// <summary>Says that a file or folder is being worked on; it goes with the process even when that has to end at once.</summary>
    public static void Begin(string path) => Unfinished[path] = true;

    /// <summary>Says that it is finished or gone.</summary>
    public static void Forget(string path) => Unfinished.TryRemove(path, out _);

    /// <summary>Takes away all that this process works on. For its last moment: other threads may still be writing.</summary>
    public static void RemoveUnfinished()
    {
        foreach (string path in Unfinished.Keys)
        {
            try
            {
                if (Directory.Exists(path))
                    Directory.Delete(path, recursive: true);
                else
                    File.Delete(path);
            }
            catch (Exception stays) when (stays is IOException or UnauthorizedAccessException)
            {
                // The next run will find it.
            }
        }
    }

    /// <summary>Locks a file or folder as long as its handle is open. Where locks are not to be had, it stays without.</summary>
    /// <returns>False when a run that cleans up was faster.</returns>
    public static bool Lock(SafeFileHandle file) =>
        Libc.Lock(file, Libc.LockExclusive | Libc.LockNow) == 0
            ? FileFacts.Of(file).Links > 0
            : Marshal.GetLastPInvokeError() != Libc.TryAgain;

    /// <summary>Takes away what killed runs of this user have left in a folder, and names it.</summary>
    public static void Sweep(string folder)
    {
        if (!RunScope.IsFirst("sweep " + folder))
            return;
        try
        {
            foreach (string path in Directory.EnumerateFileSystemEntries(folder, Start + "*"))
            {
                if (IsName(Path.GetFileName(path.AsSpan())) && Remove(path))
                    RunScope.Current?.Log.Warning($"{path} was left by a run that was killed; it has been removed.");
            }
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            // A folder that may be written to and not be read shows nothing.
        }
    }

    private static bool Remove(string path)
    {
        if (Unfinished.ContainsKey(path))
            return false;
        using SafeFileHandle left = Libc.OpenHandle(Libc.CurrentFolder, path, Libc.ReadOnly | Libc.NonBlocking | Libc.NoFollow);
        if (left.IsInvalid)
            return false;
        FileFacts facts = FileFacts.Of(left);
        if (facts.Owner != Libc.EffectiveUser() || Libc.Lock(left, Libc.LockExclusive | Libc.LockNow) != 0)
            return false;
        switch (facts.Kind)
        {
            case FileKind.Regular:
                File.Delete(path);
                return true;
            case FileKind.Folder:
                Directory.Delete(path, recursive: true);
                return true;
            default:
                return false;
        }
    }
}
