namespace KexecSign;

/// <summary>Which KexecSign this is.</summary>
public static partial class ToolVersion
{
    /// <summary>Version and commit, as SemVer writes them: <c>1.2.0+0123456789ab</c>. Reports, recipes and provenance name it.</summary>
    public static string Number => Built;

    /// <summary>Version of the libdeflate that is linked into the program; null where that of the machine is opened.</summary>
    internal static string? LibDeflate => LinkedLibDeflate.Length == 0 ? null : LinkedLibDeflate;
}
