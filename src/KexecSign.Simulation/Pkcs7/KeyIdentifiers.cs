using System.Formats.Asn1;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Pkcs7;

/// <summary>What <c>x509_process_extension()</c> keeps of the extensions.</summary>
/// <param name="Subject">Subject key identifier.</param>
/// <param name="Authority">Serial and issuer of the authority key identifier.</param>
/// <param name="AuthorityKey">Key identifier of the authority key identifier.</param>
internal sealed record KeyIdentifiers(byte[]? Subject, byte[]? Authority, byte[]? AuthorityKey)
{
    /// <summary>These identifiers with one more extension read.</summary>
    public KeyIdentifiers With(string oid, byte[] value, KernelRelease release)
    {
        switch (oid)
        {
            case "2.5.29.14":
                if (Subject is not null || value.Length < 3 || value[0] != 0x04 || value[1] != value.Length - 2)
                    throw Refused("subject key identifier");
                return this with { Subject = value[2..] };
            case "2.5.29.15":
                if (!release.Has(KernelRule.KeyUsage))
                    return this;
                if (value.Length < 4 || value[0] != 0x03 || value[2] >= 8)
                    throw Refused("key usage");
                return this;
            case "2.5.29.19":
                RequireBasicConstraints(value, release);
                return this;
            case "2.5.29.35":
                return WithAuthority(value);
            default:
                return this;
        }
    }

    private KeyIdentifiers WithAuthority(byte[] value)
    {
        AsnReader reader = new AsnReader(value, AsnEncodingRules.BER).ReadSequence();
        byte[]? key = null, id = null;
        ReadOnlyMemory<byte>? issuer = null;
        while (reader.HasData)
        {
            Asn1Tag tag = reader.PeekTag();
            switch (tag.TagClass == TagClass.ContextSpecific ? tag.TagValue : -1)
            {
                case 0:
                    key = reader.ReadOctetString(tag);
                    break;
                case 1:
                    issuer = DirectoryName(reader.ReadSequence(tag));
                    break;
                case 2:
                    ReadOnlyMemory<byte> serial = reader.ReadIntegerBytes(tag);
                    id = issuer is null ? null : KernelCertificate.Join(serial, issuer.Value);
                    break;
                default:
                    throw Refused("authority key identifier");
            }
        }
        return this with { Authority = id, AuthorityKey = key };
    }

    private static ReadOnlyMemory<byte>? DirectoryName(AsnReader names)
    {
        ReadOnlyMemory<byte>? last = null;
        while (names.HasData)
        {
            Asn1Tag tag = names.PeekTag();
            if (tag is { TagClass: TagClass.ContextSpecific, TagValue: 4 })
                last = names.ReadSequence(tag).PeekContentBytes();
            else
                names.ReadEncodedValue();
        }
        return last;
    }

    private static void RequireBasicConstraints(byte[] value, KernelRelease release)
    {
        if (!release.Has(KernelRule.BasicConstraints))
            return;
        bool wellFormed = value.Length >= 2 && value[0] == 0x30 && value[1] == value.Length - 2;
        bool leaf = wellFormed && value[1] == 0;
        bool authority = wellFormed && value.Length >= 5 && value[2] == 0x01 && value[3] == 1 && value[4] == 0xFF;
        if (!leaf && !authority)
            throw Refused("basic constraints");
    }

    private static Refusal Refused(string extension) =>
        new(KernelErrno.EBADMSG, KexecRules.Pkcs7Malformed, "", "a certificate",
            $"its {extension} extension is not the form the kernel reads");
}
