using System.Formats.Asn1;
using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;

namespace KexecSign.Formats.Tests.Authenticode;

/// <summary>Attributes that were made elsewhere are taken only when the kernel and firmware would.</summary>
public sealed class SignedAttributesTests
{
    private const string WayOut = "Export them again, or sign the attributes that";
    private static readonly byte[] Digest = SHA256.HashData("x"u8);

    [Fact]
    public void What_was_made_here_is_read_back_under_either_tag()
    {
        SignedAttributes made = SignedAttributes.For(
            new SpcIndirectData(HashAlgorithmName.SHA256, Digest).Encode(), HashAlgorithmName.SHA256, "test");
        byte[] implicitSet = [0xA0, .. made.Der[1..].Span];
        foreach (byte[] set in (byte[][])[made.Der.ToArray(), implicitSet])
        {
            SignedAttributes read = SignedAttributes.FromDer(set);
            read.Der.ToArray().ShouldBe(made.Der.ToArray());
            read.MessageDigest.ToArray().ShouldBe(made.MessageDigest.ToArray());
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("3000")]
    [InlineData("3180")]
    [InlineData("3102")]
    [InlineData("31023000")]
    [InlineData("310000")]
    public void Refuses_what_is_no_set_of_attributes(string hex) =>
        Refusal.Of("KS1511", () => SignedAttributes.FromDer(Convert.FromHexString(hex)), "the DER is broken", WayOut);

    [Fact]
    public void Refuses_a_set_without_what_a_consumer_compares()
    {
        Refusal.Of("KS1511", () => Read(DigestAttribute), $"contentType is missing, not {Oids.SpcIndirectData}", WayOut);
        Refusal.Of("KS1511", () => Read(TypeAttribute(Oids.SpcIndirectData)), "messageDigest is missing", WayOut);
        Refusal.Of(
            "KS1511", () => Read(TypeAttribute(Oids.Data), DigestAttribute), $"contentType is {Oids.Data}, not {Oids.SpcIndirectData}",
            WayOut);
    }

    [Fact]
    public void Refuses_an_attribute_that_is_there_twice()
    {
        Action<AsnWriter> type = TypeAttribute(Oids.SpcIndirectData);
        Read(type, DigestAttribute).MessageDigest.ToArray().ShouldBe(Digest);
        Refusal.Of("KS1511", () => Read(type, DigestAttribute, DigestAttribute), $"attribute {Oids.MessageDigest} is there twice", WayOut);
        Refusal.Of("KS1511", () => Read(type, type, DigestAttribute), $"attribute {Oids.ContentType} is there twice", WayOut);
    }

    private static SignedAttributes Read(params Action<AsnWriter>[] attributes)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSetOf())
        {
            foreach (Action<AsnWriter> attribute in attributes)
                attribute(writer);
        }
        return SignedAttributes.FromDer(writer.Encode());
    }

    private static void DigestAttribute(AsnWriter writer) => Write(writer, Oids.MessageDigest, w => w.WriteOctetString(Digest));

    private static Action<AsnWriter> TypeAttribute(string type) => writer => Write(writer, Oids.ContentType, w => w.WriteObjectIdentifier(type));

    private static void Write(AsnWriter writer, string oid, Action<AsnWriter> value)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
            using (writer.PushSetOf())
                value(writer);
        }
    }
}
