using KexecSign.Formats.Errors;
using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Keys.Pins;

namespace KexecSign.Signing;

/// <summary>Which key signs, which certificate goes along, and where the PIN comes from.</summary>
public sealed record SigningOptions
{
    /// <summary>Key reference: PKCS#11 URI, <c>file:PATH</c> or a path.</summary>
    public string? Key { get; init; }

    /// <summary>Certificate reference, independent of the key's.</summary>
    public string? Certificate { get; init; }

    /// <summary>Where the PIN comes from when the URI does not say.</summary>
    public PinOptions Pin { get; init; } = new();

    /// <summary>Digest; null for the one that suits the key.</summary>
    public string? Digest { get; init; }
}

/// <summary>The signing options as every operation offers them.</summary>
internal static class SigningOptionSpecs
{
    /// <summary>A key and a certificate under names of their own, for operations that sign with several keys.</summary>
    public static IEnumerable<OptionSpec<T>> KeyAndCertificate<T>(
        string prefix, string purpose, Func<T, SigningOptions> get, Func<T, SigningOptions, T> set)
        where T : class
    {
        yield return new(prefix + "key", "KEY",
            $"Private key {purpose}: a PKCS#11 URI (RFC 7512), @NAME of a key in the configuration, exec:/path of a program that signs, "
            + $"or a PEM file for tests.",
            (o, v) => set(o, get(o) with { Key = v }))
        {
            Digest = (o, digest) => set(o, get(o) with { Digest = digest }),
        };
        yield return new(prefix + "cert", "CERT",
            "Its certificate: a PKCS#11 URI, or a PEM or DER file; chain certificates may follow in a PEM file.",
            (o, v) => set(o, get(o) with { Certificate = v }));
    }

    /// <summary>Where the PIN comes from.</summary>
    public static IEnumerable<OptionSpec<T>> Pins<T>(Func<T, PinOptions> get, Func<T, PinOptions, T> set)
        where T : class
    {
        yield return new("pin-env", "NAME", "Name of an environment variable that holds the PIN.",
            (o, v) => set(o, get(o) with { EnvironmentVariable = v }));
        yield return new("pin-file", "FILE", "File whose first line is the PIN; - is standard input.",
            (o, v) => set(o, get(o) with { File = v }));
        yield return new("pin-fd", "N", "Number of an open file descriptor to read the PIN's line from.",
            (o, v) => set(o, get(o) with { FileDescriptor = OptionValues.Number("pin-fd", v) }));
    }

    /// <summary>Key, certificate, PIN and digest of an operation that signs with one key.</summary>
    public static IEnumerable<OptionSpec<T>> All<T>(string purpose, HashUses use, Func<T, SigningOptions> get,
        Func<T, SigningOptions, T> set)
        where T : class =>
        [
            .. KeyAndCertificate("", purpose, get, set),
            .. Pins<T>(o => get(o).Pin, (o, pin) => set(o, get(o) with { Pin = pin })),
            Digest<T>(use, (o, v) => set(o, get(o) with { Digest = v })),
        ];

    /// <summary>The digest to sign.</summary>
    public static OptionSpec<T> Digest<T>(HashUses use, Func<T, string, T> set)
        where T : class
    {
        ImmutableArray<string> words = HashKind.Words(use);
        return new("digest", "HASH", "Digest to sign; without it the one that suits the key (SHA-256 for RSA and P-256).",
            (o, v) => set(o, OptionValues.Choice("digest", v, words)), choices: words);
    }

    /// <summary>What becomes of signatures that an image carries already.</summary>
    public static IEnumerable<OptionSpec<T>> Existing<T>(Func<T, ExistingSignatures> get, Func<T, ExistingSignatures, T> set)
        where T : class
    {
        yield return new("replace", null, "Drop the signatures that are there.",
            (o, _) => set(o, Only(get(o), ExistingSignatures.Replace)));
        yield return new("append", null, "Keep them and add behind.", (o, _) => set(o, Only(get(o), ExistingSignatures.Append)));
        yield return new("prepend", null, "Keep them and add in front; the kernel reads only the first.",
            (o, _) => set(o, Only(get(o), ExistingSignatures.Prepend)));
    }

    private static ExistingSignatures Only(ExistingSignatures before, ExistingSignatures wanted) =>
        before is ExistingSignatures.Refuse || before == wanted
            ? wanted
            : throw OperationErrors.OptionsConflict.With(new NamedOption(before.ToString().ToLowerInvariant()),
                new NamedOption(wanted.ToString().ToLowerInvariant()));
}
