using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Authenticode;

/// <summary>An Authenticode signature that was read from a certificate table entry.</summary>
public sealed class AuthenticodeSignature
{
    private readonly SignedCms _cms;
    private readonly string _signerHash;

    // All is taken out here: certificates and attributes are parsed only when they are asked for, and then may be broken.
    private AuthenticodeSignature(SignedCms cms, SpcIndirectData indirectData, ImmutableArray<string> digestAlgorithms)
    {
        DigestAlgorithms = digestAlgorithms;
        _cms = cms;
        IndirectData = indirectData;
        Content = cms.ContentInfo.Content;
        Certificates = [.. cms.Certificates];
        foreach (X509Certificate2 certificate in Certificates)
            _ = (certificate.NotBefore, certificate.NotAfter, certificate.Subject, certificate.Issuer);
        SignerInfo signer = cms.SignerInfos[0];
        Signer = signer.Certificate;
        SignatureAlgorithm = signer.SignatureAlgorithm.Value!;
        SigningTime = SigningTimeOf(signer);
        NestedSignatures = UnsignedValues(signer, Oids.NestedSignature);
        TimestampTokens = UnsignedValues(signer, Oids.Rfc3161Timestamp);
        SignatureValue = signer.GetSignature();
        _signerHash = signer.DigestAlgorithm.Value!;
    }

    /// <summary>The image digest that was signed.</summary>
    public SpcIndirectData IndirectData { get; }

    /// <summary>DER of the signed content, <see cref="IndirectData"/>.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>The certificates that travel with the signature.</summary>
    public ImmutableArray<X509Certificate2> Certificates { get; }

    /// <summary>The certificate of the first signer, or null when it is not in the signature.</summary>
    public X509Certificate2? Signer { get; }

    /// <summary>
    /// OIDs of SignedData.digestAlgorithms. No signature covers them and the kernel skips them, but firmware and OpenSSL choose
    /// the hash by them.
    /// </summary>
    public ImmutableArray<string> DigestAlgorithms { get; }

    /// <summary>Whether <see cref="DigestAlgorithms"/> names the digest of the first SignerInfo.</summary>
    public bool ListsSignerHash => DigestAlgorithms.Contains(_signerHash);

    /// <summary>Digest algorithm of the first SignerInfo.</summary>
    /// <exception cref="KexecSignException">KS1507.</exception>
    public HashAlgorithmName SignerHash => HashKind.OfOid(_signerHash).Name;

    /// <summary>OID of the first SignerInfo's signature algorithm.</summary>
    public string SignatureAlgorithm { get; }

    /// <summary>The signing time, when the signer wrote one.</summary>
    public DateTimeOffset? SigningTime { get; }

    /// <summary>The first SignerInfo's signature, as a timestamp covers it.</summary>
    public ReadOnlyMemory<byte> SignatureValue { get; }

    /// <summary>PKCS#7 DER of signatures nested in this one as an unsigned attribute, where neither kernel nor firmware looks.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> NestedSignatures { get; }

    /// <summary>DER of RFC 3161 timestamp tokens.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> TimestampTokens { get; }

    /// <summary>Reads PKCS#7 DER.</summary>
    /// <exception cref="KexecSignException">KS1506-KS1508 when it is no Authenticode signature.</exception>
    public static AuthenticodeSignature Decode(ReadOnlyMemory<byte> pkcs7)
    {
        var cms = new SignedCms();
        try
        {
            cms.Decode(pkcs7.Span);
            string? contentType = cms.ContentInfo.ContentType.Value;
            if (contentType != Oids.SpcIndirectData)
                throw FormatErrors.NotAuthenticode.With($"content of type {contentType}", Oids.SpcIndirectData);
            if (cms.SignerInfos.Count == 0)
                throw FormatErrors.NotAuthenticode.With("no signer", Oids.SpcIndirectData);
            return new(cms, SpcIndirectData.Decode(cms.ContentInfo.Content), ReadDigestAlgorithms(pkcs7));
        }
        catch (Exception broken) when (broken is CryptographicException or AsnContentException)
        {
            throw FormatErrors.NotAuthenticode.Because(broken, "no sound PKCS#7 SignedData", Oids.SignedData);
        }
    }

    /// <summary>Whether the signature is ML-DSA and this machine's OpenSSL is older than 3.5, so that nothing can be said of it.</summary>
    public bool IsBeyondJudgement => Oids.IsMlDsa(SignatureAlgorithm) && !MLDsa.IsSupported;

    /// <summary>
    /// Whether every SignerInfo's signature is right by the certificate that travels with it; says nothing of trust.
    /// </summary>
    public bool SignaturesHold()
    {
        try
        {
            _cms.CheckSignature(verifySignatureOnly: true);
            return true;
        }
        // SignedCms loses its own exception over signed attributes that it cannot write again, and throws the second sort.
        // Where OpenSSL has no ML-DSA it throws the third.
        catch (Exception broken) when (broken is CryptographicException or InvalidOperationException or PlatformNotSupportedException)
        {
            return false;
        }
    }

    private static ImmutableArray<ReadOnlyMemory<byte>> UnsignedValues(SignerInfo signer, string oid)
    {
        if (signer.UnsignedAttributes.Count == 0)
            return [];
        return
        [
            .. signer.UnsignedAttributes.Cast<CryptographicAttributeObject>()
                .Where(attribute => attribute.Oid.Value == oid)
                .SelectMany(attribute => attribute.Values.Cast<AsnEncodedData>())
                .Select(value => (ReadOnlyMemory<byte>)value.RawData),
        ];
    }

    private static ImmutableArray<string> ReadDigestAlgorithms(ReadOnlyMemory<byte> pkcs7)
    {
        AsnReader info = new AsnReader(pkcs7, AsnEncodingRules.BER).ReadSequence();
        info.ReadObjectIdentifier();
        AsnReader signedData = info.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true)).ReadSequence();
        signedData.ReadInteger();
        AsnReader set = signedData.ReadSetOf();
        var oids = ImmutableArray.CreateBuilder<string>();
        while (set.HasData)
            oids.Add(ReadDigestAlgorithm(set.ReadSequence()));
        signedData.ReadEncodedValue();
        // Certificates and revocation lists.
        while (signedData.HasData && signedData.PeekTag().TagClass == TagClass.ContextSpecific)
            signedData.ReadEncodedValue();
        AsnReader signers = signedData.ReadSetOf();
        while (signers.HasData)
        {
            AsnReader signer = signers.ReadSequence();
            signer.ReadInteger();
            signer.ReadEncodedValue();
            ReadDigestAlgorithm(signer.ReadSequence());
        }
        return oids.ToImmutable();
    }

    // No signature covers the parameters, the kernel and .NET skip them, and OpenSSL refuses those that it cannot decode.
    private static string ReadDigestAlgorithm(AsnReader algorithm)
    {
        string oid = algorithm.ReadObjectIdentifier();
        if (algorithm.HasData)
            algorithm.ReadNull();
        algorithm.ThrowIfNotEmpty();
        return oid;
    }

    private static DateTimeOffset? SigningTimeOf(SignerInfo signer)
    {
        foreach (CryptographicAttributeObject attribute in signer.SignedAttributes)
        {
            if (attribute.Oid.Value == Oids.SigningTime && attribute.Values.Count > 0)
                return TimeOf(new AsnReader(attribute.Values[0].RawData, AsnEncodingRules.BER));
        }
        return null;
    }

    // RFC 5652 11.3: from 2050 on a GeneralizedTime.
    private static DateTimeOffset TimeOf(AsnReader time) =>
        time.PeekTag().HasSameClassAndValue(new Asn1Tag(UniversalTagNumber.GeneralizedTime))
        ? time.ReadGeneralizedTime()
        : time.ReadUtcTime();
}
