using KexecSign.Core.Errors;

namespace KexecSign.Documents;

/// <summary>Paths of a document, taken from the folder that it is in.</summary>
internal static class DocumentPaths
{
    private const string FilePrefix = "file:";

    /// <summary>An absolute path; null for null.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001 for what no file can be called.</exception>
    public static string? From(string folder, string? path) => path switch
    {
        null => null,
        _ when path.Length == 0 || path.Contains('\0', StringComparison.Ordinal) => throw OperationErrors.InputMissing.With().In(path.Replace('\0', '?')),
        _ => Path.GetFullPath(path, folder),
    };

    /// <summary>A key or certificate: a PKCS#11 URI stays as it is.</summary>
    public static string Reference(string folder, string reference) =>
        reference.StartsWith("pkcs11:", StringComparison.Ordinal) ? reference
        : FilePrefix + From(folder, reference.StartsWith(FilePrefix, StringComparison.Ordinal) ? reference[FilePrefix.Length..] : reference);
}
