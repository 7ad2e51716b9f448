using System.Collections.Immutable;

namespace KexecSign.Core.Settings;

/// <summary>Who trusts a certificate.</summary>
public enum TrustRole
{
    /// <summary>Firmware: its db.</summary>
    Db,

    /// <summary>The machine's owner: shim's MOK list.</summary>
    Mok,

    /// <summary>The kernel, when kexec loads another one.</summary>
    Kexec,

    /// <summary>The kernel's .ima keyring.</summary>
    Ima,

    /// <summary>The kernel, when it loads modules.</summary>
    Module,

    /// <summary>Whoever asks when something was signed.</summary>
    Tsa,
}

/// <summary>The names of roles in configurations.</summary>
public static class TrustRoles
{
    /// <summary>All of them, as configurations write them.</summary>
    public static ImmutableArray<string> Names { get; } = [.. Enum.GetValues<TrustRole>().Select(Name)];

    /// <summary>The name of a role.</summary>
    public static string Name(TrustRole role) => role switch
    {
        TrustRole.Db => "db",
        TrustRole.Mok => "mok",
        TrustRole.Kexec => "kexec",
        TrustRole.Ima => "ima",
        TrustRole.Module => "module",
        TrustRole.Tsa => "tsa",
        _ => throw new System.Diagnostics.UnreachableException($"{role}"),
    };

    /// <summary>The role of a name, which is one of <see cref="Names"/>.</summary>
    public static TrustRole Named(string name) => Enum.GetValues<TrustRole>().First(role => Name(role) == name);
}
