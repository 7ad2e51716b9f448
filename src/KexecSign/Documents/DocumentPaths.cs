namespace KexecSign.Documents;

/// <summary>Paths of a document, taken from the folder that it is in.</summary>
internal static class DocumentPaths
{
    private const string FilePrefix = "file:";

    /// <summary>An absolute path; null for null.</summary>
    public static string? From(string folder, string? path) => path is null ? null : Path.GetFullPath(path, folder);

    /// <summary>A key or certificate: a PKCS#11 URI stays as it is.</summary>
    public static string Reference(string folder, string reference) =>
        reference.StartsWith("pkcs11:", StringComparison.Ordinal) ? reference
        : FilePrefix + From(folder, reference.StartsWith(FilePrefix, StringComparison.Ordinal) ? reference[FilePrefix.Length..] : reference);
}
