using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Ima;

/// <summary>
/// Tells content that has the form of struct ima_file_id: the type of a value, the id of a hash, and a digest of that hash's length. A key
/// that signs such content as it is has thereby signed, in version 3, the file whose digest it holds: neither the hash of the structure
/// nor the structure says that it was content, and the value's version is not signed (security/integrity/digsig_asymmetric.c,
/// asymmetric_verify_v3()).
/// </summary>
public static class ImaFileId
{
    private const int HeadSize = 2, LongestDigest = 64;

    // All of enum hash_algo (include/uapi/linux/hash_info.h), in its order: a kernel takes MD5 and SHA-1 here, which nothing of ours signs,
    // and ML-DSA is over the structure itself, whichever hash it names (crypto/hash_info.c, hash_digest_size[]).
    private static ReadOnlySpan<byte> DigestLengths =>
        [16, 16, 20, 20, 32, 48, 64, 28, 16, 32, 40, 32, 48, 64, 16, 20, 24, 32, 32, 64, 32, 48, 64];

    /// <summary>Whether content is such a structure.</summary>
    public static bool Is(Layout content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return content.Length <= HeadSize + LongestDigest && Is(content.ReadBytes(0, content.Length));
    }

    /// <summary>Whether content is such a structure.</summary>
    public static bool Is(ReadOnlySpan<byte> content)
    {
        if (content.Length <= HeadSize || content[0] is not (ImaSignature.Digsig or ImaSignature.PortableEvm or ImaSignature.VerityDigsig))
            return false;
        return content[1] < DigestLengths.Length && content.Length == HeadSize + DigestLengths[content[1]];
    }
}
