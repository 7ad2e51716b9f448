namespace KexecSign.Keys.References;

/// <summary>References of keys, compared.</summary>
public static class KeyReference
{
    /// <summary>
    /// A reference without what is secret or depends on where one stands: the path part of a URI, the full path of a file.
    /// </summary>
    public static string Canonical(string reference) =>
        ProgramReference.Is(reference) ? ProgramReference.Parse(reference).ToString()
        : BundleReference.Is(reference) ? BundleReference.WithPlace(reference, Path.GetFullPath)
        : Pkcs11Uri.Is(reference) ? Pkcs11Uri.Parse(reference).ToString()
        : Path.GetFullPath(FileReference.Path(reference, "key"));
}
