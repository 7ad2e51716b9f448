namespace KexecSign;

/// <summary>Which KexecSign this is.</summary>
public static partial class ToolVersion
{
    /// <summary>Version and commit, as SemVer writes them: <c>1.2.0+0123456789ab</c>. Reports, recipes and provenance name it.</summary>
    public static string Number => Built;

    /// <summary>
    /// Where an error is explained: the page in the repository that this was built from, by the address that the packages carry; in the
    /// repository alone where a clone has no remote.
    /// </summary>
    /// <param name="code">The error's code, KSnnnn.</param>
    public static string ErrorPage(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        string page = "docs/errors.md#" + ErrorAnchor(code);
        return SourceAddress.Length == 0 ? page : $"{SourceAddress}/blob/HEAD/{page}";
    }

    /// <summary>The place on that page.</summary>
    /// <param name="code">The error's code.</param>
    public static string ErrorAnchor(string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        return code.ToLowerInvariant();
    }

    /// <summary>Version of the libdeflate that is linked into the program; null where that of the machine is opened.</summary>
    internal static string? LibDeflate => LinkedLibDeflate.Length == 0 ? null : LinkedLibDeflate;
}
