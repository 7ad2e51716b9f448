namespace KexecSign.Core;

/// <summary>Paths of a document, taken from the folder that it is in.</summary>
internal static class DocumentPaths
{
    private const string FilePrefix = "file:";

    // References that are no paths: a token's object, a program that signs, a key of the configuration.
    private static readonly string[] NoPaths = ["pkcs11:", "exec:", "@"];

    /// <summary>An absolute path; null for null.</summary>
    public static string? From(string folder, string? path) => path is null ? null : Path.GetFullPath(path, folder);

    /// <summary>A key or certificate: what is no path stays as it is.</summary>
    public static string Reference(string folder, string reference) =>
        Array.Exists(NoPaths, scheme => reference.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) ? reference
        : FilePrefix + From(folder, reference.StartsWith(FilePrefix, StringComparison.Ordinal) ? reference[FilePrefix.Length..] : reference);
}
