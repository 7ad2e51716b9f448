using KexecSign.Core;
using KexecSign.Files;

namespace KexecSign.Batches;

/// <summary>Counts what a walk below a folder passes over, and tells it once.</summary>
internal sealed class PassedOver(string folder)
{
    private int _fifos, _sockets, _devices, _leftovers;

    /// <summary>Whether a name is that of a temporary file or folder of this program; it is never one of the tree's.</summary>
    public bool IsLeftover(ReadOnlySpan<char> name)
    {
        if (!Leftovers.IsName(name))
            return false;
        _leftovers++;
        return true;
    }

    /// <summary>Whether something is passed over because it is no regular file.</summary>
    public bool Takes(FileFacts facts)
    {
        switch (facts.Kind)
        {
            case FileKind.Regular:
                return false;
            case FileKind.Fifo:
                _fifos++;
                break;
            case FileKind.Socket:
                _sockets++;
                break;
            case FileKind.CharacterDevice:
            case FileKind.BlockDevice:
            case FileKind.Other:
                _devices++;
                break;
            case FileKind.Folder:
            case FileKind.Link:
                // It was a file a moment ago.
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
        return true;
    }

    /// <summary>Tells it, if there was anything.</summary>
    public void Tell()
    {
        string[] kinds = [.. Count(_fifos, "FIFO(s)"), .. Count(_sockets, "socket(s)"), .. Count(_devices, "device(s)"),
            .. Count(_leftovers, "temporary file(s) of a run that was killed or is still at work")];
        if (kinds.Length > 0)
            RunScope.Current?.Log.Warning($"{folder}: passed over {string.Join(", ", kinds)}.");
    }

    private static IEnumerable<string> Count(int count, string kind) => count == 0 ? [] : [$"{count} {kind}"];
}
