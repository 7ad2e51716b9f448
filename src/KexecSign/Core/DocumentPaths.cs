using KexecSign.Core.Errors;
using KexecSign.Keys.References;

namespace KexecSign.Core;

/// <summary>Paths of a document, taken from the folder that it is in.</summary>
internal static class DocumentPaths
{
    private const string FilePrefix = "file:";

    // References that are no paths: a token's object, a program that signs, a key of the configuration.
    private static readonly string[] NoPaths = ["pkcs11:", "exec:", "@"];

    /// <summary>An absolute path; null for null.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001 for what no file can be called.</exception>
    public static string? From(string folder, string? path) => path switch
    {
        null => null,
        _ when path.Length == 0 || path.Contains('\0', StringComparison.Ordinal) =>
            throw OperationErrors.InputMissing.With().In(path.Replace('\0', '?')),
        _ => Path.GetFullPath(path, folder),
    };

    /// <summary>A key or certificate of the user's own configuration: what is no path stays as it is.</summary>
    public static string Reference(string folder, string reference) => BundleReference.Is(reference)
        ? BundleReference.WithPlace(reference, place => From(folder, place)!)
        : Array.Exists(NoPaths, scheme => reference.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            ? reference
            : File(folder, reference);

    /// <summary>A key or certificate that is a file.</summary>
    public static string File(string folder, string reference) =>
        FilePrefix + From(folder, reference.StartsWith(FilePrefix, StringComparison.Ordinal) ? reference[FilePrefix.Length..] : reference);

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
}
