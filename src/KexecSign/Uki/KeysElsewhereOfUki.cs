using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Keys.References;
using KexecSign.Signing;

namespace KexecSign.Uki;

/// <summary>
/// Which keys of a unified kernel image may be elsewhere in one run: those of one role. The image's signature covers the policies', and
/// those cover the kernel's, so each waits for the one before.
/// </summary>
internal static class KeysElsewhereOfUki
{
    /// <summary>Refuses keys of several roles that are elsewhere.</summary>
    /// <exception cref="KexecSignException">KS3011.</exception>
    public static void RequireOne(SigningOptions inner, PcrSigningOptions pcr, SigningOptions image)
    {
        (string Option, bool Elsewhere)[] roles =
        [
            ("inner-key", Is(inner.Key)), ("pcr-key", pcr.All.Any(group => Is(group.Key))), ("key", Is(image.Key)),
        ];
        string[] elsewhere = [.. roles.Where(role => role.Elsewhere).Select(role => role.Option)];
        if (elsewhere is [var first, var second, ..])
        {
            throw OperationErrors.OptionsConflict.With(new NamedOption(first),
                $"{new NamedOption(second)}, both elsewhere and the second over the first, which has to be attached before,");
        }
    }

    private static bool Is(string? key) => key is not null && BundleReference.Is(key);
}
