using System.IO.Enumeration;
using KexecSign.Core.Errors;
using KexecSign.Files;

namespace KexecSign.Commands.Offline;

/// <summary>
/// A folder that has been in other hands holds folders and plain files and nothing else. A link in it would have this machine read, or
/// write, where the signer wants; a FIFO would be waited for.
/// </summary>
internal static class PlainTree
{
    private const int MostEntries = 100_000;

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
    private static string? KindOf(string path)
    {
        try
        {
            return FileFacts.Of(path, followLink: false) switch
            {
                null => "gone again",
                { Kind: FileKind.Folder } or { Kind: FileKind.Regular, Links: 1 } => null,
                { Kind: FileKind.Regular, Links: var links } => $"a file with {links} names",
                { Kind: FileKind.Link } => "a link",
                var other => other.Described,
            };
        }
        catch (IOException hidden)
        {
            return $"not to be looked at ({FileFailure.Reason(hidden)})";
        }
    }
}
