using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Keys.Pins;

namespace KexecSign.Judging;

/// <summary>
/// Certificates that are trusted, as options and policies name them. A file of several is read whole: a distribution's trust is a bundle.
/// </summary>
internal static class TrustedCertificates
{
    /// <summary>All certificates of all references.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS2xxx when one cannot be read.</exception>
    public static ImmutableArray<X509Certificate2> Open(IEnumerable<string> references, RunContext context) =>
        Open(references, new PinOptions(), context);

    /// <summary>The same, where a token may show certificates after login only.</summary>
    public static ImmutableArray<X509Certificate2> Open(IEnumerable<string> references, PinOptions pin, RunContext context) =>
        [.. references.SelectMany(reference => context.Keyring.OpenCertificates(reference, pin, context.Cancellation))];
}
