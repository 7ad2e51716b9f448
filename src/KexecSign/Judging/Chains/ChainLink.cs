using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Judging.Chains;

/// <summary>
/// A certificate as OpenSSL keeps it for the building of chains (crypto/x509/v3_purp.c, ossl_x509v3_cache_extensions()). What cannot be
/// decoded is not there, and says so in <see cref="IsBroken"/>, which only newer versions look at.
/// </summary>
internal sealed class ChainLink
{
    private const byte KeyCertSign = 0x04;

    private readonly byte[] _subject, _issuer;
    private readonly BigInteger _serial;
    private byte[]? _keyId, _authorityKeyId, _authorityIssuer;
    private BigInteger? _authoritySerial;

    private ChainLink(X509Certificate2 certificate)
    {
        Certificate = certificate;
        _subject = CanonicalName.Of(certificate.SubjectName.RawData);
        _issuer = CanonicalName.Of(certificate.IssuerName.RawData);
        _serial = new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: false, isBigEndian: true);
        IsRsa = certificate.PublicKey.Oid.Value == "1.2.840.113549.1.1.1";
        IsVersion1 = certificate.Version == 1;
        IsSelfIssued = _subject.AsSpan().SequenceEqual(_issuer);
        var critical = new List<string>();
        foreach (X509Extension extension in certificate.Extensions)
        {
            string oid = extension.Oid!.Value!;
            if (extension.Critical)
                critical.Add(oid);
            try
            {
                // What is there twice counts as not there (X509V3_get_d2i()).
                if (certificate.Extensions.Count(e => e.Oid!.Value == oid) > 1)
                    IsBroken |= oid is "2.5.29.14" or "2.5.29.15" or "2.5.29.19" or "2.5.29.30" or "2.5.29.35" or "2.5.29.37";
                else
                    Read(oid, new AsnReader(extension.RawData, AsnEncodingRules.BER));
            }
            catch (AsnContentException)
            {
                IsBroken = true;
            }
        }
        CriticalExtensions = critical;
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>Whether the key is RSA's.</summary>
    public bool IsRsa { get; }

    /// <summary>OIDs of the critical extensions.</summary>
    public IReadOnlyList<string> CriticalExtensions { get; }

    public bool HasBasicConstraints { get; private set; }

    public bool IsAuthority { get; private set; }

    /// <summary>pathLenConstraint; null when there is none.</summary>
    public int? PathLength { get; private set; }

    /// <summary>keyUsage; null when there is none, 0 when no bit of it is set.</summary>
    public int? KeyUsage { get; private set; }

    public NameConstraints? Constraints { get; private set; }

    public bool IsVersion1 { get; }

    /// <summary>Whether subject and issuer are one.</summary>
    public bool IsSelfIssued { get; }

    /// <summary>Whether an extension that is looked at cannot be decoded.</summary>
    public bool IsBroken { get; }

    /// <summary>The subject in canonical form.</summary>
    public ReadOnlySpan<byte> Subject => _subject;

    /// <summary>ku_reject(): whether a keyUsage forbids to sign certificates.</summary>
    public bool MayNotSign => KeyUsage is { } usage && (usage & KeyCertSign) == 0;

    /// <summary>Whether two are the same bytes.</summary>
    public bool Is(ChainLink other) => Certificate.RawDataMemory.Span.SequenceEqual(other.Certificate.RawDataMemory.Span);

    /// <summary>Whether this is who a SignerInfo names.</summary>
    public bool IsNamed(ReadOnlySpan<byte> issuer, BigInteger serial) => _serial == serial && issuer.SequenceEqual(_issuer);

    /// <summary>Whether by its names and key identifiers another could have issued this (X509_NAME_cmp(), X509_check_akid()).</summary>
    public bool MayBeIssuedBy(ChainLink issuer) =>
        _issuer.AsSpan().SequenceEqual(issuer._subject)
        && (_authorityKeyId is null || issuer._keyId is null || _authorityKeyId.AsSpan().SequenceEqual(issuer._keyId))
        && (_authoritySerial is null || _authoritySerial == issuer._serial)
        && (_authorityIssuer is null || _authorityIssuer.AsSpan().SequenceEqual(issuer._issuer));

    /// <summary>check_sig_alg_match(): whether the kind of signature is that of the issuer's key.</summary>
    public bool FitsKeyOf(ChainLink issuer) =>
        Certificate.SignatureAlgorithm.Value!.StartsWith("1.2.840.113549.1.1.", StringComparison.Ordinal) == issuer.IsRsa;

    /// <summary>Reads a certificate; null when its names, its version or its key cannot be read.</summary>
    public static ChainLink? Of(X509Certificate2 certificate)
    {
        try
        {
            return new(certificate);
        }
        catch (Exception unreadable) when (unreadable is AsnContentException or CryptographicException)
        {
            return null;
        }
    }

    /// <summary>
    /// X509_check_ca(): 0 for no authority, 1 for one, 3 and 4 for certificates without basicConstraints that are taken for one.
    /// </summary>
    public int Authority(bool isSelfSigned) =>
        MayNotSign ? 0 : HasBasicConstraints ? (IsAuthority ? 1 : 0) : IsVersion1 && isSelfSigned ? 3 : KeyUsage is not null ? 4 : 0;

    private void Read(string oid, AsnReader value)
    {
        switch (oid)
        {
            case "2.5.29.19":
                (IsAuthority, PathLength) = BasicConstraints(value.ReadSequence());
                HasBasicConstraints = true;
                break;
            case "2.5.29.15":
                byte[] bits = value.ReadBitString(out _);
                KeyUsage = bits.Length == 0 ? 0 : bits[0] | (bits.Length > 1 ? bits[1] << 8 : 0);
                break;
            case "2.5.29.14":
                _keyId = value.ReadOctetString();
                break;
            case "2.5.29.35":
                (_authorityKeyId, _authorityIssuer, _authoritySerial) = AuthorityKeyIdentifier(value.ReadSequence());
                break;
            case "2.5.29.30":
                Constraints = NameConstraints.Read(value.ReadSequence());
                break;
            case "2.5.29.37":
                AsnReader purposes = value.ReadSequence();
                while (purposes.HasData)
                    purposes.ReadObjectIdentifier();
                break;
        }
    }

    private static (bool, int?) BasicConstraints(AsnReader reader)
    {
        bool authority = reader.HasData && reader.PeekTag() == Asn1Tag.Boolean && reader.ReadBoolean();
        int? length = null;
        if (reader.HasData)
            length = (int)BigInteger.Min(reader.ReadInteger(), int.MaxValue / 2);
        reader.ThrowIfNotEmpty();
        return length < 0 ? throw new AsnContentException() : (authority, length);
    }

    private static (byte[]?, byte[]?, BigInteger?) AuthorityKeyIdentifier(AsnReader reader)
    {
        byte[]? id = null, issuer = null;
        BigInteger? serial = null;
        while (reader.HasData)
        {
            Asn1Tag tag = reader.PeekTag();
            switch (tag.TagValue)
            {
                case 0:
                    id = reader.ReadOctetString(new Asn1Tag(TagClass.ContextSpecific, 0));
                    break;
                case 1:
                    AsnReader names = reader.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 1));
                    while (names.HasData)
                    {
                        var directory = new Asn1Tag(TagClass.ContextSpecific, 4, isConstructed: true);
                        if (issuer is null && names.PeekTag() == directory)
                            issuer = CanonicalName.Of(names.ReadSequence(directory).ReadEncodedValue());
                        else
                            names.ReadEncodedValue();
                    }
                    break;
                default:
                    serial = reader.ReadInteger(new Asn1Tag(TagClass.ContextSpecific, 2));
                    break;
            }
        }
        return (id, issuer, serial);
    }
}
