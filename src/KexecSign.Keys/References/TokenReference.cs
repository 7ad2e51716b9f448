namespace KexecSign.Keys.References;

/// <summary>Writes PKCS#11 URIs; reading them is the keyring's work.</summary>
public static class TokenReference
{
    /// <summary>The URI that every token of the default module matches.</summary>
    public const string Any = Pkcs11Uri.Scheme;

    /// <summary>The URI of the tokens with a label, without query.</summary>
    public static string ForToken(string label) => Pkcs11Uri.Compose([new("token", label)], id: null);

    /// <summary>Whether a reference is a PKCS#11 URI.</summary>
    public static bool Is(string reference) => Pkcs11Uri.Is(reference);

    /// <summary>The module that a URI names, path or name; null when it leaves that to others.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS2002-KS2004.</exception>
    public static string? ModuleOf(string reference)
    {
        Pkcs11Uri uri = Pkcs11Uri.Parse(reference);
        return uri.ModulePath ?? uri.ModuleName;
    }

    /// <summary>Whether a URI has a PIN or says where one is.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS2002-KS2004.</exception>
    public static bool NamesPin(string reference)
    {
        Pkcs11Uri uri = Pkcs11Uri.Parse(reference);
        return uri.PinSource is not null || uri.PinValue is not null;
    }

    /// <summary>A URI with module and PIN source added where it names none itself.</summary>
    /// <param name="reference">A PKCS#11 URI.</param>
    /// <param name="module">Path (with a slash) or name of the module; null for none.</param>
    /// <param name="pinSource">What <c>pin-source</c> is to be, for instance <c>env:NAME</c>; null for none.</param>
    public static string Completed(string reference, string? module, string? pinSource)
    {
        Pkcs11Uri uri = Pkcs11Uri.Parse(reference);
        var parts = new List<string>();
        if (module is not null && uri.ModulePath is null && uri.ModuleName is null)
            parts.Add((module.Contains('/') ? "module-path=" : "module-name=") + PercentCoding.EncodePath(module));
        if (pinSource is not null && uri.PinSource is null && uri.PinValue is null)
            parts.Add("pin-source=" + PercentCoding.EncodePath(pinSource));
        return parts.Count == 0 ? reference : reference + (reference.Contains('?') ? "&" : "?") + string.Join('&', parts);
    }

    /// <summary>A query part, with its question mark; empty when nothing is given.</summary>
    /// <param name="modulePath">Path of the PKCS#11 module.</param>
    /// <param name="moduleName">Name of the module, when no path is given.</param>
    /// <param name="pinSource">Path of the file that holds the PIN.</param>
    public static string Query(string? modulePath = null, string? moduleName = null, string? pinSource = null)
    {
        var parts = new List<string>();
        if (modulePath is not null)
            parts.Add("module-path=" + PercentCoding.EncodePath(modulePath));
        if (moduleName is not null)
            parts.Add("module-name=" + PercentCoding.EncodePath(moduleName));
        if (pinSource is not null)
            parts.Add("pin-source=file:" + PercentCoding.EncodePath(pinSource));
        return parts.Count == 0 ? "" : "?" + string.Join('&', parts);
    }
}
