using KexecSign.Core.Errors;
using KexecSign.Keys.References;

namespace KexecSign.Documents;

/// <summary>Paths of a document, taken from the folder that it is in.</summary>
internal static class DocumentPaths
{
    private const string FilePrefix = "file:";

    /// <summary>An absolute path; null for null.</summary>
    public static string? From(string folder, string? path) => path is null ? null : Path.GetFullPath(path, folder);

    /// <summary>A key or certificate: a PKCS#11 URI stays as it is, if the document may say what it says.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS2002-KS2004, KS3760, KS3761.</exception>
    public static string Reference(string folder, string reference, DocumentTrust trust)
    {
        trust.Require(reference);
        return TokenReference.Is(reference) ? reference : File(folder, reference);
    }

    /// <summary>An output: an absolute path below a folder; null for null.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3762.</exception>
    public static string? Output(string root, string? path)
    {
        if (From(root, path) is not { } full)
            return null;
        return IsBelow(root, full) ? full : throw OperationErrors.OutputOutside.With(path, root);
    }

    /// <summary>Whether an absolute path, without '..' in it, lies below a folder.</summary>
    public static bool IsBelow(string root, string full)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        return full.StartsWith(folder == "/" ? folder : folder + "/", StringComparison.Ordinal);
    }

    private static string File(string folder, string reference) =>
        FilePrefix + From(folder, reference.StartsWith(FilePrefix, StringComparison.Ordinal) ? reference[FilePrefix.Length..] : reference);
}
