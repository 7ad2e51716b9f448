using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Signing;

namespace KexecSign.Commands.Build;

/// <summary>An image that carries signatures already, as distributions ship their kernels.</summary>
internal static class StandingImage
{
    /// <summary>Name of the option that says what becomes of them; null where nothing is said.</summary>
    public static string? Option(ExistingSignatures existing) => existing switch
    {
        ExistingSignatures.Refuse => null,
        ExistingSignatures.Replace => "replace",
        ExistingSignatures.Append => "append",
        ExistingSignatures.Prepend => "prepend",
        _ => throw new ArgumentOutOfRangeException(nameof(existing), existing, null),
    };

    /// <summary>Signatures stay only where they still hold: on an image of which nothing is changed.</summary>
    /// <exception cref="KexecSignException">KS3011.</exception>
    public static void RequireUnchanged(BuildOptions options)
    {
        if (options.Existing is ExistingSignatures.Refuse or ExistingSignatures.Replace)
            return;
        string? changing =
            options.Kit is not null ? "kit"
            : options.Inner.Key is not null ? "inner-key"
            : options.Sbat is not null ? "sbat"
            : options.Parser is not null ? "parser" : null;
        if (changing is not null)
            throw OperationErrors.OptionsConflict.With(new NamedOption(Option(options.Existing)!), new NamedOption(changing));
    }

    /// <summary>
    /// The image that the line begins with: without its signatures where they go, so that sections can be added and the payload changed.
    /// </summary>
    /// <param name="file">The image.</param>
    /// <param name="outer">Whether it is the image that firmware starts; an Image that goes inside is stripped by who signs it, or goes in
    /// as it is.</param>
    /// <param name="existing">What becomes of its signatures.</param>
    public static Layout Of(Layout file, bool outer, ExistingSignatures existing)
    {
        if (!outer || existing is not ExistingSignatures.Replace)
            return file;
        PeImage image = PeReader.Read(file);
        return CertificateTable.RemoveAll(image, file);
    }
}
