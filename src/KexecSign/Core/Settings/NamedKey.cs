using System.Collections.Immutable;
using KexecSign.Keys.Pins;
using KexecSign.Keys.References;

namespace KexecSign.Core.Settings;

/// <summary>A key of a configuration: what <c>--key @NAME</c> stands for.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Key">Reference of the private key.</param>
/// <param name="Certificate">Reference of its certificate.</param>
/// <param name="File">The configuration that says so.</param>
public sealed record NamedKey(string Name, string Key, string Certificate, string File)
{
    /// <summary>Digest to sign; null for the one that suits the key.</summary>
    public string? Digest { get; init; }

    /// <summary>Path or name of its PKCS#11 module; null for that of the configuration.</summary>
    public string? Module { get; init; }

    /// <summary>Where its PIN comes from; null for where the configuration says.</summary>
    public PinOptions? Pin { get; init; }

    /// <summary>Timestamp servers for what it signs; null for those of the configuration.</summary>
    public ImmutableArray<string>? Timestamps { get; init; }

    /// <summary>A reference of this key with module and, unless the caller has one, the PIN's source in it.</summary>
    /// <param name="reference">The key's or the certificate's.</param>
    /// <param name="settings">What stands in where this key says nothing.</param>
    /// <param name="withPin">Whether the PIN's source goes in.</param>
    internal string Complete(string reference, KeySettings settings, bool withPin) =>
        IsToken(reference) ? TokenReference.Completed(reference, Module ?? settings.Module, withPin
            ? (Pin ?? settings.Pin)?.AsUriSource()
            : null) : reference;

    /// <summary>Whether a reference is that of a token's object.</summary>
    internal static bool IsToken(string reference) => reference.StartsWith("pkcs11:", StringComparison.OrdinalIgnoreCase);
}
