using KexecSign.Files;
using KexecSign.Formats.Ima;

namespace KexecSign.Judging;

/// <summary>The IMA values that there are for a file; null where there is none.</summary>
/// <param name="Security"><c>security.ima</c>, the only one that a kernel reads.</param>
/// <param name="Sidecar"><c>FILE.sig</c>, which packages and installers apply as security.ima.</param>
/// <param name="User"><c>user.ima</c>, for those who may not set security.ima; no kernel reads it.</param>
internal sealed record ImaValues(byte[]? Security, byte[]? Sidecar, byte[]? User)
{
    /// <summary>Whether there is any.</summary>
    public bool Any => Security is not null || Sidecar is not null || User is not null;

    /// <summary>Those of a file.</summary>
    public static ImaValues Of(string path)
    {
        string sidecar = SidecarOf(path);
        return new(Attribute(path, "security.ima"), File.Exists(sidecar) ? ImaCheck.ReadSidecar(sidecar) : null,
            Attribute(path, "user.ima"));
    }

    /// <summary>Where the sidecar of a file is.</summary>
    public static string SidecarOf(string path) => path + ".sig";

    /// <summary>Whether a value is a signature; others hold a digest alone (IMA_XATTR_DIGEST), or nothing.</summary>
    public static bool IsSignature(byte[] value) => value.Length > 0 && value[0] is ImaSignature.Digsig or ImaSignature.VerityDigsig;

    private static byte[]? Attribute(string path, string name) =>
        ExtendedAttribute.TryGet(path, name) is { Length: > 0 } value ? value : null;
}
