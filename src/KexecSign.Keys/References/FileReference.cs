using KexecSign.Keys.Errors;

namespace KexecSign.Keys.References;

/// <summary><c>file:PATH</c>, <c>file:///PATH</c> or a bare path.</summary>
internal static class FileReference
{
    /// <param name="reference">As the user gave it.</param>
    /// <param name="wanted">What is to be opened, for errors: <c>key</c> or <c>certificate</c>.</param>
    public static string Path(string reference, string wanted)
    {
        // A mistyped URI must not be repeated in an error about a missing file: it may carry a PIN.
        if (reference.Contains("pin-value=", StringComparison.OrdinalIgnoreCase))
            throw KeyErrors.UriMalformed.With(0, "it does not begin with pkcs11:");
        if (reference.StartsWith("bundle:", StringComparison.OrdinalIgnoreCase))
            throw KeyErrors.ReferenceUnknown.With("bundle:", wanted);
        string path = reference.StartsWith("file:", StringComparison.OrdinalIgnoreCase) ? reference[5..] : reference;
        // The framework takes no empty path, and what it raises is no error of ours.
        if (path.Length == 0)
            throw KeyErrors.ReferenceUnknown.With("empty", wanted);
        if (path.Length == reference.Length)
            return path;
        return path.StartsWith("///", StringComparison.Ordinal) ? path[2..] : path;
    }
}
