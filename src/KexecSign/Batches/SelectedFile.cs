using System.Collections.Immutable;
using System.IO.Enumeration;
using KexecSign.Core.Errors;
using KexecSign.Files;

namespace KexecSign.Batches;

/// <summary>A file to work on.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Name">Its path inside the folder that was named, with forward slashes; its bare name when it was named itself.</param>
/// <param name="Length">Length in bytes when it was selected; 0 when there is no such file, which is found when it is opened.</param>
internal sealed record SelectedFile(string Path, string Name, long Length)
{
    private const long LongestList = 64 << 20;

    /// <summary>The folder that was named and that it lies below; null when it was named itself.</summary>
    public string? Root { get; private init; }

    /// <summary>Opens it: a regular file, and below a folder one that is reached without a link.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3051.</exception>
    public FileSource Open() => FileSource.OpenRegular(Path, Root, Name);

    /// <summary>
    /// What arguments lead to: files as they are, the files below folders, and those that a pattern of <c>*</c> and <c>?</c>
    /// matches. The order is that of the arguments, and by byte value inside a folder, whatever the file system says. Symbolic links
    /// below a folder are left out: what they lead to is selected under its own name.
    /// </summary>
    /// <param name="arguments">Paths, folders and patterns.</param>
    /// <param name="list">A file with more of them, one a line or each ending with a zero byte; null for none.</param>
    /// <param name="wanted">Which files below a folder are meant; files named themselves are always taken.</param>
    /// <param name="kind">What they are, for messages.</param>
    /// <param name="holds">Which of those, by what is in them; null for all.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3901, KS3902.</exception>
    public static ImmutableArray<SelectedFile> Of(
        IEnumerable<string> arguments, string? list, Func<string, bool> wanted, string kind, Func<SelectedFile, bool>? holds = null)
    {
        var files = ImmutableArray.CreateBuilder<SelectedFile>();
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (string argument in list is null ? arguments : arguments.Concat(Listed(list)))
        {
            int before = files.Count;
            bool any = false;
            foreach (SelectedFile file in Below(argument, wanted))
            {
                if (file.Root is not null && holds is not null && !holds(file))
                    continue;
                any = true;
                if (taken.Add(System.IO.Path.GetFullPath(file.Path)))
                    files.Add(file);
            }
            if (!any)
                throw OperationErrors.NothingSelected.With(argument, kind);
        }
        return files.DrainToImmutable();
    }

    private static List<SelectedFile> Below(string argument, Func<string, bool> wanted)
    {
        try
        {
            if (Directory.Exists(argument))
                return Tree(argument, wanted);
            if (!File.Exists(argument) && argument.AsSpan().IndexOfAny('*', '?') >= 0)
                return Matching(argument, wanted);
            return [Named(argument)];
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.InputUnreadable.Because(failed, FileFailure.Reason(failed)).In(argument);
        }
    }

    private static List<SelectedFile> Tree(string folder, Func<string, bool> wanted)
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = false,
            AttributesToSkip = FileAttributes.ReparsePoint,
            MatchType = MatchType.Simple,
        };
        string root = System.IO.Path.GetFullPath(folder);
        var passedOver = new PassedOver(folder);
        var found = new FileSystemEnumerable<string>(root,
            (ref FileSystemEntry entry) => System.IO.Path.GetRelativePath(root, entry.ToFullPath()), options)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) =>
                !entry.IsDirectory && !passedOver.IsLeftover(entry.FileName) && wanted(entry.FileName.ToString()),
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !passedOver.IsLeftover(entry.FileName),
        };
        var files = new List<SelectedFile>();
        foreach (string name in found)
        {
            // FIFOs, sockets and devices look like files to the framework; opening one can wait for ever, or do something.
            if (FileFacts.Of(System.IO.Path.Combine(root, name), followLink: false) is { } facts && !passedOver.Takes(facts))
                files.Add(new(System.IO.Path.Combine(folder, name), name, facts.Length) { Root = folder });
        }
        passedOver.Tell();
        files.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return files;
    }

    // "a/*/b*.ko": each part of the path is matched on its own; folders that match are entered, and taken whole at the end.
    private static List<SelectedFile> Matching(string pattern, Func<string, bool> wanted)
    {
        List<string> places = [pattern.StartsWith('/') ? "/" : ""];
        foreach (string part in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            places = part.AsSpan().IndexOfAny('*', '?') < 0
                ? places.ConvertAll(place => System.IO.Path.Combine(place, part)).FindAll(System.IO.Path.Exists)
                : [.. places.Where(place => place.Length == 0 || Directory.Exists(place)).SelectMany(place => Children(place, part))];
        }
        return [.. places.SelectMany(place => Directory.Exists(place) ? Tree(place, wanted) : [Named(place)])];
    }

    private static IEnumerable<string> Children(string folder, string pattern) =>
        Directory.EnumerateFileSystemEntries(folder.Length == 0 ? "." : folder)
            .Select(path => System.IO.Path.GetFileName(path))
            .Where(name => (pattern[0] == '.' || name[0] != '.')
                && FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false))
            .Order(StringComparer.Ordinal)
            .Select(name => System.IO.Path.Combine(folder, name));

    /// <summary>A file that is named itself.</summary>
    public static SelectedFile Named(string path)
    {
        var file = new FileInfo(path);
        return new(path, file.Name, file.Exists ? file.Length : 0);
    }

    /// <summary>A file below a folder that a document names: what leads to it from there must be no link.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="name">Its path below that; without '..'.</param>
    public static SelectedFile In(string root, string name)
    {
        var file = new FileInfo(System.IO.Path.Combine(root, name));
        return new(file.ToString(), name, file.Exists ? file.Length : 0) { Root = root };
    }

    private static string[] Listed(string path)
    {
        string text = System.Text.Encoding.UTF8.GetString(WholeFile.Read(path, LongestList, "a list of files"));
        bool zeros = text.Contains('\0', StringComparison.Ordinal);
        string[] lines = [.. text.Split(zeros ? '\0' : '\n').Select(line => zeros ? line : line.TrimEnd('\r'))
            .Where(line => line.Length > 0)];
        return lines.Length > 0 ? lines : throw OperationErrors.FileListUnreadable.With("it is empty").In(path);
    }
}
