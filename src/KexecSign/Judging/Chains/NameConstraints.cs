using System.Formats.Asn1;

namespace KexecSign.Judging.Chains;

/// <summary>
/// nameConstraints as OpenSSL holds a subject against them (crypto/x509/v3_ncons.c). Names of directories are compared; constraints of
/// other kinds are only known to be there, since certificates that sign kernels have no such names.
/// </summary>
/// <param name="Permitted">Canonical forms of which a subject must begin with one; empty for no such rule.</param>
/// <param name="Excluded">Those with which none may begin.</param>
/// <param name="HasOthers">Whether there are constraints of other kinds.</param>
internal sealed record NameConstraints(IReadOnlyList<byte[]> Permitted, IReadOnlyList<byte[]> Excluded, bool HasOthers)
{
    private const int Directory = 4;

    /// <summary>Reads the extension's value.</summary>
    /// <exception cref="AsnContentException">It is broken.</exception>
    public static NameConstraints Read(AsnReader value)
    {
        List<byte[]> permitted = [], excluded = [];
        bool others = false;
        while (value.HasData)
        {
            Asn1Tag tag = value.PeekTag();
            AsnReader subtrees = value.ReadSequence(tag);
            while (subtrees.HasData)
            {
                AsnReader subtree = subtrees.ReadSequence();
                if (subtree.PeekTag() is { TagClass: TagClass.ContextSpecific, TagValue: Directory } directory)
                    (tag.TagValue == 0 ? permitted : excluded).Add(CanonicalName.Of(subtree.ReadSequence(directory).ReadEncodedValue()));
                else
                    others = true;
            }
        }
        return new(permitted, excluded, others);
    }

    /// <summary>Why a subject in canonical form is against them; null when it is not.</summary>
    public string? Refusal(ReadOnlySpan<byte> subject)
    {
        // A certificate without a subject has no name to compare.
        if (subject.IsEmpty)
            return null;
        bool isPermitted = Permitted.Count == 0;
        foreach (byte[] name in Permitted)
            isPermitted |= subject.StartsWith(name);
        if (!isPermitted)
            return "permitted subtree violation";
        foreach (byte[] name in Excluded)
        {
            if (subject.StartsWith(name))
                return "excluded subtree violation";
        }
        return null;
    }
}
