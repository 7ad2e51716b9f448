using System.Text.RegularExpressions;

namespace KexecSign.Architecture.Tests.Metadata;

/// <summary>A C# file of a project, and the folders of the same project that it names.</summary>
/// <param name="Path">Relative to the project's folder.</param>
/// <param name="Folder">The folder that it lies in, relative to the project's; empty for that itself.</param>
/// <param name="Namespace">The namespace that it declares; null for none.</param>
/// <param name="NamespaceOfFolder">The one that its folder asks for.</param>
/// <param name="NamedFolders">The folders whose namespaces it imports, or whose types it names with them.</param>
internal sealed partial record SourceFile(string Path, string Folder, string? Namespace, string NamespaceOfFolder, IReadOnlySet<string> NamedFolders)
{
    private static readonly Dictionary<string, SourceFile[]> Read = [];

    public string Floor => FloorOf(Folder);

    public static string FloorOf(string folder) => folder.Split('/')[0];

    /// <summary>The files of a project.</summary>
    public static IReadOnlyList<SourceFile> Of(string project)
    {
        lock (Read)
            return Read.TryGetValue(project, out SourceFile[]? files) ? files : Read[project] = [.. ReadAll(project)];
    }

    private static IEnumerable<SourceFile> ReadAll(string project)
    {
        string prefix = $"src/{project}/";
        string[] paths = [.. Repository.Files().Where(file => file.StartsWith(prefix, StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal))
            .Select(file => file[prefix.Length..])];
        string[] folders = [.. paths.Select(FolderOf).Distinct()];
        foreach (string path in paths)
        {
            string text = Comment().Replace(File.ReadAllText(System.IO.Path.Combine(Repository.Root, prefix + path)), "");
            string? space = Declaration().Match(text) is { Success: true } declared ? declared.Groups[1].Value : null;
            string folder = FolderOf(path);
            HashSet<string> named = [.. folders.Where(other => other.Length > 0 && other != folder && Names(text, project, other, paths))];
            yield return new(path, folder, space, Space(project, folder), named);
        }
    }

    private static bool Names(string text, string project, string folder, string[] paths)
    {
        string dotted = folder.Replace('/', '.');
        if (Regex.IsMatch(text, $@"^using (static |\w+ = )?{Regex.Escape(project)}\.{Regex.Escape(dotted)}(;|\.[A-Z]\w*;)", RegexOptions.Multiline))
            return true;
        IEnumerable<string> types = paths.Where(path => FolderOf(path) == folder).Select(path => System.IO.Path.GetFileName(path).Split('.')[0]).Distinct();
        return Regex.IsMatch(text, $@"(?<![\w)\]?]\.|\w){Regex.Escape(dotted)}\.({string.Join('|', types)})\b");
    }

    private static string FolderOf(string path) => path.Contains('/', StringComparison.Ordinal) ? path[..path.LastIndexOf('/')] : "";

    private static string Space(string project, string folder) => folder.Length == 0 ? project : $"{project}.{folder.Replace('/', '.')}";

    [GeneratedRegex("//[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
