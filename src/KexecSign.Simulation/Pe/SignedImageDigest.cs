using System.Formats.Asn1;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;
using KexecSign.Simulation.Pkcs7;

namespace KexecSign.Simulation.Pe;

/// <summary><c>mscode_parse()</c>: the image digest inside SpcIndirectDataContent.</summary>
/// <param name="Algorithm">Digest algorithm.</param>
/// <param name="Digest">The digest that was signed.</param>
internal sealed record SignedImageDigest(KernelHash Algorithm, byte[] Digest)
{
    private const string PeImageData = "1.3.6.1.4.1.311.2.1.15";

    // An old pesign wrote this one by mistake, and the kernel forgives it.
    private const string IndividualKeyPurpose = "1.3.6.1.4.1.311.2.1.21";

    /// <summary>Parses the whole content element.</summary>
    /// <exception cref="Refusal">EBADMSG, or ENOPKG for a digest without code.</exception>
    public static SignedImageDigest Parse(ReadOnlyMemory<byte> content, KernelRelease release)
    {
        try
        {
            AsnReader sequence = new AsnReader(content, AsnEncodingRules.BER).ReadSequence();
            AsnReader type = sequence.ReadSequence();
            string contentType = type.ReadObjectIdentifier();
            if (contentType is not (PeImageData or IndividualKeyPurpose))
                throw Malformed("the content type is " + contentType);
            type.ReadEncodedValue();
            type.ThrowIfNotEmpty();

            AsnReader digestInfo = sequence.ReadSequence();
            sequence.ThrowIfNotEmpty();
            AsnReader identifier = digestInfo.ReadSequence();
            KernelHash algorithm = KernelHash.ForImage(identifier.ReadObjectIdentifier(), release);
            byte[] digest = digestInfo.ReadOctetString();
            digestInfo.ThrowIfNotEmpty();
            return new SignedImageDigest(algorithm, digest);
        }
        catch (AsnContentException)
        {
            throw Malformed("its ASN.1 is not SpcIndirectDataContent");
        }
    }

    private static Refusal Malformed(string why) =>
        new(KernelErrno.EBADMSG, KexecRules.Pkcs7Malformed, "", "SpcIndirectDataContent", why);
}
