using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Pe;

namespace KexecSign.Images;

/// <summary>
/// A signature of a certificate table, or one inside another's unsigned attributes (1.3.6.1.4.1.311.2.4.1), where anyone may put anything.
/// </summary>
/// <param name="Index">Its place: <c>0.1</c> is the second in the first signature.</param>
/// <param name="Entry">The entry of the table that it is, or lies in.</param>
/// <param name="Depth">In how many others it lies.</param>
/// <param name="Size">Its length: of an entry with header and padding.</param>
/// <param name="Signature">What it says; null where it cannot be read.</param>
/// <param name="Problem">Why not; null where it can.</param>
internal sealed record WalkedSignature(
    string Index, CertificateEntry Entry, int Depth, long Size, AuthenticodeSignature? Signature, KexecSignException? Problem)
{
    private const int MaxDepth = 4;

    /// <summary>All of a table in its order, each before those inside it. The one way through them, whoever asks.</summary>
    public static IEnumerable<WalkedSignature> Of(ImmutableArray<CertificateEntry> entries) => entries.SelectMany(
        (entry, index) => Walk(index.ToString(CultureInfo.InvariantCulture), entry, 0, entry.Length, entry.Pkcs7));

    private static IEnumerable<WalkedSignature> Walk(
        string index, CertificateEntry entry, int depth, long size, Func<ReadOnlyMemory<byte>> pkcs7)
    {
        WalkedSignature walked = Decode(index, entry, depth, size, pkcs7);
        yield return walked;
        if (depth == MaxDepth || walked.Signature is null)
            yield break;
        int next = 0;
        foreach (ReadOnlyMemory<byte> inner in walked.Signature.NestedSignatures)
        {
            foreach (WalkedSignature below in Walk($"{index}.{next}", entry, depth + 1, inner.Length, () => inner))
                yield return below;
            next++;
        }
    }

    private static WalkedSignature Decode(string index, CertificateEntry entry, int depth, long size, Func<ReadOnlyMemory<byte>> pkcs7)
    {
        try
        {
            return new(index, entry, depth, size, AuthenticodeSignature.Decode(pkcs7()), null);
        }
        catch (KexecSignException broken)
        {
            return new(index, entry, depth, size, null, broken);
        }
    }
}
