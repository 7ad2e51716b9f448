using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Formats.Ima;

/// <summary>
/// Tells content that has the form of struct ima_file_id: the type of a value, the id of a hash, and a digest of that hash's length. A key
/// that signs such content as it is has thereby signed, in version 3, the file whose digest it holds: neither the hash of the structure
/// nor the structure says that it was content, and the value's version is not signed (security/integrity/digsig_asymmetric.c,
/// asymmetric_verify_v3()).
/// </summary>
public static class ImaFileId
{
    private const int HeadSize = 2;

    private static readonly int Longest = HeadSize + HashKind.All.Max(hash => hash.Length);

    /// <summary>Whether content is such a structure.</summary>
    public static bool Is(Layout content)
    {
        ArgumentNullException.ThrowIfNull(content);
        return content.Length <= Longest && Is(content.ReadBytes(0, content.Length));
    }

    /// <summary>Whether content is such a structure.</summary>
    public static bool Is(ReadOnlySpan<byte> content)
    {
        if (content.Length <= HeadSize || content[0] is not (ImaSignature.Digsig or ImaSignature.PortableEvm or ImaSignature.VerityDigsig))
            return false;
        byte id = content[1];
        int length = content.Length - HeadSize;
        return HashKind.All.Any(hash => hash.ImaId == id && hash.Length == length);
    }
}
