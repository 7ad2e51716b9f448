using KexecSign.Core.Errors;

namespace KexecSign.Cli.Compat;

/// <summary>The digests that peers name, and what becomes of each.</summary>
internal static class PeerDigests
{
    /// <summary>The name of a digest that we sign, or a refusal that says why it is none.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3858.</exception>
    public static string Known(string peer, string name)
    {
        switch (name)
        {
            case "sha256":
            case "sha384":
            case "sha512":
                return name;
            case "md4":
            case "md5":
            case "sha1":
                throw OperationErrors.PeerDigestRefused.With(peer, name, "two files with one such digest can be made");
            case "sha224":
            case "rmd160":
            case "ripemd160":
                throw OperationErrors.PeerDigestRefused.With(peer, name, "it is short, and kernels are built without it");
            default:
                throw OperationErrors.PeerDigestRefused.With(peer, name, "not every kernel or firmware that verifies knows it");
        }
    }
}
