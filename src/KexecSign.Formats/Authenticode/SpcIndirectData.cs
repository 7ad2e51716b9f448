using KexecSign.Formats.Vocabulary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Authenticode;

/// <summary>SpcIndirectDataContent: what an Authenticode signature says of the image, namely its digest.</summary>
/// <param name="Hash">Digest algorithm.</param>
/// <param name="Digest">The Authenticode digest of the image.</param>
public sealed record SpcIndirectData(HashAlgorithmName Hash, ReadOnlyMemory<byte> Digest)
{
    private const string Obsolete = "<<<Obsolete>>>";

    /// <summary>DER of the SEQUENCE, as sbsign writes it: the obsolete link to no file that Authenticode prescribes.</summary>
    public byte[] Encode() => Encode(Oids.SpcPeImageData, Obsolete);

    /// <summary>
    /// The same statement in the forms that signers write, ours first. They differ in what every verifier skips but messageDigest
    /// covers: pesign leaves a text empty and names another type, which the kernel takes as well.
    /// </summary>
    public IEnumerable<byte[]> Forms() => [Encode(), EncodeAsPesign()];

    /// <summary>The DER as pesign writes it, for signatures that pesign puts together.</summary>
    public byte[] EncodeAsPesign() => Encode(Oids.SpcIndividualCodeSigning, "");

    /// <summary>Reads the SEQUENCE.</summary>
    /// <exception cref="KexecSignException">KS1506-KS1508.</exception>
    public static SpcIndirectData Decode(ReadOnlyMemory<byte> der)
    {
        try
        {
            var reader = new AsnReader(der, AsnEncodingRules.BER);
            AsnReader content = reader.ReadSequence();
            content.ReadSequence();
            AsnReader messageDigest = content.ReadSequence();
            AsnReader algorithm = messageDigest.ReadSequence();
            HashAlgorithmName hash = HashKind.OfOid(algorithm.ReadObjectIdentifier()).Name;
            byte[] digest = messageDigest.ReadOctetString();
            messageDigest.ThrowIfNotEmpty();
            content.ThrowIfNotEmpty();
            if (digest.Length != HashKind.Of(hash).Length)
                throw FormatErrors.DigestLength.With(digest.Length, hash.Name, HashKind.Of(hash).Length);
            return new(hash, digest);
        }
        catch (AsnContentException broken)
        {
            throw FormatErrors.NotAuthenticode.Because(broken, "a broken SpcIndirectDataContent", Oids.SpcIndirectData);
        }
    }

    /// <summary>The octets that messageDigest covers: the content of the SEQUENCE without its tag and length.</summary>
    public static ReadOnlyMemory<byte> HashedOctets(ReadOnlyMemory<byte> der)
    {
        AsnDecoder.ReadEncodedValue(der.Span, AsnEncodingRules.BER, out int offset, out int length, out _);
        return der.Slice(offset, length);
    }

    /// <summary>AlgorithmIdentifier with NULL parameters, as every Authenticode signer writes digests.</summary>
    internal static void WriteAlgorithm(AsnWriter writer, string oid)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            writer.WriteNull();
        }
    }

    private byte[] Encode(string type, string file)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(type);
                using (writer.PushSequence())
                {
                    writer.WriteBitString([], 0);
                    WriteFile(writer, file);
                }
            }
            using (writer.PushSequence())
            {
                WriteAlgorithm(writer, HashKind.Of(Hash).Oid);
                writer.WriteOctetString(Digest.Span);
            }
        }
        return writer.Encode();
    }

    private static void WriteFile(AsnWriter writer, string name)
    {
        // SpcLink [0] { file [2] { unicode [0] BMPString } }: signtool's fixed text, which every verifier skips.
        var file = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        var choice = new Asn1Tag(TagClass.ContextSpecific, 2, isConstructed: true);
        using (writer.PushSequence(file))
        using (writer.PushSequence(choice))
            writer.WriteOctetString(Encoding.BigEndianUnicode.GetBytes(name), new Asn1Tag(TagClass.ContextSpecific, 0));
    }
}
