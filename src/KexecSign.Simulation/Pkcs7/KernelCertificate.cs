using System.Formats.Asn1;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Pkcs7;

/// <summary>
/// A certificate as <c>x509_cert_parse()</c> reads it. Nothing in it is compared with the clock; no extension but the key
/// identifiers matters for kexec.
/// </summary>
internal sealed class KernelCertificate
{
    private KernelCertificate()
    {
    }

    /// <summary>Serial number and issuer, glued together: what a SignerInfo or an authority key identifier names.</summary>
    public required byte[] Id { get; init; }

    /// <summary>Subject key identifier; null when absent.</summary>
    public required byte[]? SubjectKeyId { get; init; }

    /// <summary>Serial and issuer of the issuing certificate from the authority key identifier; null when absent.</summary>
    public required byte[]? AuthorityId { get; init; }

    /// <summary>Key identifier from the authority key identifier; null when absent.</summary>
    public required byte[]? AuthorityKeyId { get; init; }

    public required KernelPublicKey Key { get; init; }

    /// <summary>The issuer's signature; null when its hash has no code (<c>unsupported_sig</c>).</summary>
    public required KernelSignature? Signature { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>Subject, for messages.</summary>
    public required string Subject { get; init; }

    public bool SelfSigned { get; private set; }

    /// <summary>The certificate in the message whose key verified this one; set while the chain is walked.</summary>
    public KernelCertificate? Signer { get; set; }

    /// <summary>Parses one certificate.</summary>
    /// <exception cref="Refusal">EBADMSG, EINVAL, ENOPKG, or EKEYREJECTED for a broken self-signature.</exception>
    public static KernelCertificate Parse(ReadOnlyMemory<byte> encoded, KernelRelease release)
    {
        try
        {
            return ParseFields(encoded, release);
        }
        catch (AsnContentException)
        {
            throw new Refusal(KernelErrno.EBADMSG, KexecRules.Pkcs7Malformed, "", "a certificate", "its ASN.1 is not X.509");
        }
    }

    private static KernelCertificate ParseFields(ReadOnlyMemory<byte> encoded, KernelRelease release)
    {
        AsnReader certificate = new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence();
        ReadOnlyMemory<byte> signedPart = certificate.ReadEncodedValue();
        string outerAlgorithm = certificate.ReadSequence().ReadObjectIdentifier();
        byte[] value = certificate.ReadBitString(out int unused);
        certificate.ThrowIfNotEmpty();

        AsnReader fields = new AsnReader(signedPart, AsnEncodingRules.BER).ReadSequence();
        if (fields.PeekTag() == new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true))
            fields.ReadEncodedValue();
        ReadOnlyMemory<byte> serial = fields.ReadIntegerBytes();
        string innerAlgorithm = fields.ReadSequence().ReadObjectIdentifier();
        ReadOnlyMemory<byte> issuer = ReadContent(fields);
        AsnReader validity = fields.ReadSequence();
        DateTimeOffset notBefore = ReadTime(validity), notAfter = ReadTime(validity);
        ReadOnlyMemory<byte> encodedSubject = fields.PeekEncodedValue();
        ReadOnlyMemory<byte> subject = ReadContent(fields);
        string name = DistinguishedName(encodedSubject);
        KernelPublicKey key = KernelPublicKey.Parse(fields.ReadEncodedValue(), release, name);
        KeyIdentifiers ids = ReadExtensions(fields, release);

        if (outerAlgorithm != innerAlgorithm)
            throw new Refusal(KernelErrno.EINVAL, KexecRules.Chain, "", name,
                $"signature algorithm {outerAlgorithm} differs from {innerAlgorithm} inside");
        if (unused != 0)
            throw new Refusal(KernelErrno.EBADMSG, KexecRules.Chain, "", name, "its signature is no whole number of bytes");
        (string keyAlgorithm, KernelHash? hash) = SignatureAlgorithm(innerAlgorithm, release, name);

        var parsed = new KernelCertificate
        {
            Id = Join(serial, issuer),
            SubjectKeyId = ids.Subject,
            AuthorityId = ids.Authority,
            AuthorityKeyId = ids.AuthorityKey,
            Key = key,
            Signature = hash is null ? null : new KernelSignature
            {
                KeyAlgorithm = keyAlgorithm,
                Hash = hash,
                Digest = hash.Over(signedPart),
                Message = signedPart,
                Value = value,
                Of = name,
            },
            NotBefore = notBefore,
            NotAfter = notAfter,
            Subject = name,
        };
        parsed.SelfSigned = subject.Span.SequenceEqual(issuer.Span) && parsed.IsSelfSigned();
        return parsed;
    }

    /// <summary>Whether two identifiers are there and equal: <c>asymmetric_key_id_same()</c>.</summary>
    public static bool Same(byte[]? left, byte[]? right) => left is not null && right is not null && left.AsSpan().SequenceEqual(right);

    // x509_check_for_self_signed(); the names are known to be equal.
    private bool IsSelfSigned()
    {
        if (AuthorityId is not null || AuthorityKeyId is not null)
        {
            bool byKey = Same(SubjectKeyId, AuthorityKeyId), byId = Same(Id, AuthorityId);
            if (!byKey && !byId)
                return false;
            if (byKey != byId && AuthorityId is not null && AuthorityKeyId is not null)
                throw new Refusal(KernelErrno.EKEYREJECTED, KexecRules.Chain, "", Subject,
                    "only half of its authority key identifier names itself");
        }
        if (Signature is null)
            return false;
        try
        {
            Key.Verify(Signature, Subject);
            return true;
        }
        catch (Refusal refusal) when (refusal.Errno == KernelErrno.ENOPKG)
        {
            return false;
        }
    }

    private static KeyIdentifiers ReadExtensions(AsnReader fields, KernelRelease release)
    {
        var ids = new KeyIdentifiers(null, null, null);
        while (fields.HasData)
        {
            Asn1Tag tag = fields.PeekTag();
            if (tag != new Asn1Tag(TagClass.ContextSpecific, 3, isConstructed: true))
            {
                fields.ReadEncodedValue();
                continue;
            }
            AsnReader extensions = fields.ReadSequence(tag).ReadSequence();
            while (extensions.HasData)
            {
                AsnReader extension = extensions.ReadSequence();
                string oid = extension.ReadObjectIdentifier();
                if (extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean))
                    extension.ReadBoolean();
                ids = ids.With(oid, extension.ReadOctetString(), release);
            }
        }
        return ids;
    }

    private static (string KeyAlgorithm, KernelHash? Hash) SignatureAlgorithm(string oid, KernelRelease release, string name)
    {
        (string KeyAlgorithm, string Hash)? known = oid switch
        {
            "1.2.840.113549.1.1.5" => ("rsa", "sha1"),
            "1.2.840.113549.1.1.11" => ("rsa", "sha256"),
            "1.2.840.113549.1.1.12" => ("rsa", "sha384"),
            "1.2.840.113549.1.1.13" => ("rsa", "sha512"),
            // Known to the parser, usually without code: the certificate stays usable, its own signature does not.
            "1.2.840.113549.1.1.14" => ("rsa", ""),
            "1.2.840.10045.4.1" => ("ecdsa", "sha1"),
            "1.2.840.10045.4.3.1" => ("ecdsa", ""),
            "1.2.840.10045.4.3.2" => ("ecdsa", "sha256"),
            "1.2.840.10045.4.3.3" => ("ecdsa", "sha384"),
            "1.2.840.10045.4.3.4" => ("ecdsa", "sha512"),
            "2.16.840.1.101.3.4.3.10" when release.Has(KernelRule.Sha3) => ("ecdsa", "sha3-256"),
            "2.16.840.1.101.3.4.3.11" when release.Has(KernelRule.Sha3) => ("ecdsa", "sha3-384"),
            "2.16.840.1.101.3.4.3.12" when release.Has(KernelRule.Sha3) => ("ecdsa", "sha3-512"),
            "2.16.840.1.101.3.4.3.14" when release.Has(KernelRule.Sha3) => ("rsa", "sha3-256"),
            "2.16.840.1.101.3.4.3.15" when release.Has(KernelRule.Sha3) => ("rsa", "sha3-384"),
            "2.16.840.1.101.3.4.3.16" when release.Has(KernelRule.Sha3) => ("rsa", "sha3-512"),
            _ when release.Has(KernelRule.MlDsa) && KernelPublicKey.MlDsaKind(oid) is { } mlDsa => (mlDsa, "sha512"),
            _ => null,
        };
        return known is var (keyAlgorithm, hash)
            ? (keyAlgorithm, hash.Length == 0 ? null : KernelHash.Named(hash))
            : throw new Refusal(KernelErrno.ENOPKG, KexecRules.UnsupportedAlgorithm, "", "the certificate " + name,
                "the signature algorithm " + oid);
    }

    internal static byte[] Join(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second) => [.. first.Span, .. second.Span];

    private static ReadOnlyMemory<byte> ReadContent(AsnReader reader)
    {
        ReadOnlyMemory<byte> content = reader.PeekContentBytes();
        reader.ReadSequence();
        return content;
    }

    private static DateTimeOffset ReadTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();

    private static string DistinguishedName(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            return new System.Security.Cryptography.X509Certificates.X500DistinguishedName(encoded.Span).Name;
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            return "(unreadable name)";
        }
    }
}
