using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Pe;
using KexecSign.Images;
using KexecSign.Judging;

namespace KexecSign.Inspection;

/// <summary>Finds signatures inside signatures (1.3.6.1.4.1.311.2.4.1), where anyone may put anything.</summary>
internal static class NestedSignatures
{
    private const int MaxDepth = 4;

    /// <summary>Those of all entries, in order. What cannot be read is passed over: the entry itself is told of elsewhere.</summary>
    public static ImmutableArray<NestedSignature> Of(ImmutableArray<CertificateEntry> entries, ReadDigests digests)
    {
        var found = ImmutableArray.CreateBuilder<NestedSignature>();
        for (int i = 0; i < entries.Length; i++)
            Add(i.ToString(CultureInfo.InvariantCulture), entries[i].Pkcs7, digests, found, depth: 0);
        return found.ToImmutable();
    }

    private static void Add(string index, Func<ReadOnlyMemory<byte>> pkcs7, ReadDigests digests, ImmutableArray<NestedSignature>.Builder found, int depth)
    {
        try
        {
            AuthenticodeSignature signature = AuthenticodeSignature.Decode(pkcs7());
            if (depth > 0)
            {
                SpcIndirectData signed = signature.IndirectData;
                found.Add(new(
                    index, $"{signed.Hash.Name} {Convert.ToHexStringLower(signed.Digest.Span)}", digests.Match(signed.Hash, signed.Digest.Span),
                    signature.IsBeyondJudgement ? null : signature.SignaturesHold(), signature.Signer is { } signer ? CertificateNames.Of(signer) : null));
            }
            int next = 0;
            foreach (ReadOnlyMemory<byte> inner in depth < MaxDepth ? signature.NestedSignatures : [])
                Add($"{index}.{next++}", () => inner, digests, found, depth + 1);
        }
        catch (KexecSignException)
        {
        }
    }
}
