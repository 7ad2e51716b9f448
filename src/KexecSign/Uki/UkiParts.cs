using System.Collections.Immutable;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uki;
using KexecSign.Signing;

namespace KexecSign.Uki;

/// <summary>Sections that follow from others, and what is to be said about them.</summary>
internal static class UkiParts
{
    private const int MaxVersion = 1024;

    /// <summary>The version that .uname states; null when it is not there.</summary>
    public static string? Version(ImmutableArray<UkiPart> parts) =>
        parts.FirstOrDefault(part => part.Name == ".uname") is { } uname
            ? Encoding.UTF8.GetString(uname.Content.ReadBytes(0, Math.Min(MaxVersion, uname.Content.Length))).TrimEnd('\0')
            : null;

    /// <summary>.uname by what the kernel says, where nobody gave one.</summary>
    public static ImmutableArray<UkiPart> Uname(ImmutableArray<UkiPart> parts, string? version, RunContext context)
    {
        if (parts.Any(part => part.Name == ".uname"))
            return [];
        if (version is not null)
            return [new(".uname", Layout.Of(Encoding.ASCII.GetBytes(version)))];
        context.Log.Warning("the kernel does not tell its version, so there is no .uname; say --uname VERSION.");
        return [];
    }

    /// <summary>.pcrpkey: the key that was given, or the public half of the one that signs.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3676, KS3677.</exception>
    public static ImmutableArray<UkiPart> PcrKey(UkiContents contents, PcrSigner? signer, UkiInputs inputs)
    {
        ImmutableArray<byte[]> keys = signer?.PublicKeys ?? [];
        // Of several keys nobody can say which one disks are to be bound to: ukify leaves the section out, too.
        if (contents.PcrPublicKey is null)
            return keys is [{ } only] ? [new(UkiSections.PcrKey, Layout.Of(PcrPublicKey.Pem(only)))] : [];
        (byte[] pem, byte[] der) = inputs.PublicKey(contents.PcrPublicKey);
        return keys.IsEmpty || keys.Any(key => der.AsSpan().SequenceEqual(key))
            ? [new(UkiSections.PcrKey, Layout.Of(pem))]
            : throw OperationErrors.PcrKeyMismatch.With(
                PcrPublicKey.Fingerprint(der), string.Join(", ", keys.Select(key => PcrPublicKey.Fingerprint(key))));
    }

    /// <summary>Refuses a key without certificate, and the other way round.</summary>
    public static void RequirePair(string operation, SigningOptions signing, string prefix)
    {
        if (signing.Key is null != signing.Certificate is null)
            throw OperationErrors.OptionMissing.With(operation, new NamedOption(prefix + (signing.Key is null ? "key" : "cert")));
    }

    /// <summary>Says which sections this stub will ignore, and what boot loaders miss.</summary>
    public static void Warn(ImmutableArray<UkiPart> basis, ImmutableArray<ImmutableArray<UkiPart>> profiles, string? magic,
        RunContext context)
    {
        int? version = StubImage.VersionOf(magic);
        foreach (string name in basis.Concat(profiles.SelectMany(group => group)).Select(part => part.Name).Distinct())
        {
            if (UkiSections.Find(name) is { } kind && kind.Since > version)
                context.Log.Warning(
                    $"{name} is read by systemd-stub from version {kind.Since} on; this stub is {magic} and will ignore it.");
        }
        if (basis.Any(part => part.Name == UkiSections.Linux) && !basis.Any(part => part.Name == ".osrel"))
            context.Log.Warning("without .osrel boot loaders do not list the image; say --osrel @/etc/os-release.");
    }
}
