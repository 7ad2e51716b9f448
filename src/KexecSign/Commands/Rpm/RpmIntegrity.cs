using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Rpm;

namespace KexecSign.Commands.Rpm;

/// <summary>
/// Holds a package against the digests that it has of its own parts, before its list of files is believed. Its files' digests are the main
/// header's word: rpm compares them with what it unpacks, and a kernel that appraises with what it opens.
/// </summary>
internal static class RpmIntegrity
{
    /// <summary>Raises an error unless header and payload are those that the package has digests of.</summary>
    /// <exception cref="KexecSignException">KS3341, KS3342.</exception>
    public static void Require(RpmPackage package, RunContext context)
    {
        foreach ((string part, bool has) in ((string, bool)[])[("main header", package.Digests.Any(d => d.OfHeader)),
            ("payload", package.Digests.Any(d => d.OfPayload))])
        {
            if (!has)
                throw OperationErrors.RpmUndigested.With(part);
        }
        foreach (RpmDigest digest in package.Digests)
        {
            string found = Convert.ToHexStringLower(LayoutPass.Hash(digest.Covered, digest.Hash, context));
            if (!found.Equals(digest.Expected, StringComparison.OrdinalIgnoreCase))
                throw OperationErrors.RpmPartChanged.With(digest.Name, digest.Hash.Name, found, digest.Expected);
        }
    }
}
