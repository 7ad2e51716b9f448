using KexecSign.Core.Errors;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Cli.Compat;

/// <summary>The digests that peers name, and what becomes of each.</summary>
internal static class PeerDigests
{
    /// <summary>The name of a digest that we sign with, or a refusal that says why it is none.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3858.</exception>
    public static string Known(string peer, string name, HashUses use)
    {
        if (HashKind.Named(name) is { } known && known.IsFor(use))
            return name;
        throw OperationErrors.PeerDigestRefused.With(peer, name, Because(name), string.Join(", ", HashKind.Words(use)));
    }

    private static string Because(string name) => name switch
    {
        "md4" or "md5" or "sha1" => "two files with one such digest can be made",
        "sha224" or "rmd160" or "ripemd160" => "it is short, and kernels are built without it",
        _ => "not every kernel or firmware that verifies knows it",
    };
}
