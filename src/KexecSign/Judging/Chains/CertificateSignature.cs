using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Judging.Chains;

/// <summary>The signature of a certificate, without chain or dates.</summary>
internal static class CertificateSignature
{
    /// <summary>Whether an issuer's key made it.</summary>
    public static bool Holds(X509Certificate2 issuer, X509Certificate2 certificate)
    {
        try
        {
            AsnReader parts = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.BER).ReadSequence();
            ReadOnlyMemory<byte> signed = parts.ReadEncodedValue(), algorithm = parts.ReadEncodedValue();
            // X509_verify(): the signed part must name the algorithm, too, and the same.
            if (!algorithm.Span.SequenceEqual(AlgorithmInside(signed).Span))
                return false;
            if (Oids.IsMlDsa(issuer.PublicKey.Oid.Value) && MLDsa.IsSupported)
                return MlDsaHolds(issuer, algorithm, signed, parts.ReadBitString(out _));
            // PKCS#1 v1.5 or ECDSA: which of the two it is, the issuer's key says.
            if (HashKind.OfSignature(new AsnReader(algorithm, AsnEncodingRules.BER).ReadSequence()
                .ReadObjectIdentifier())?.Name is not { } hash)
                return ChainHolds(issuer, certificate);
            byte[] signature = parts.ReadBitString(out _);
            using RSA? rsa = issuer.GetRSAPublicKey();
            if (rsa is not null)
                return rsa.VerifyData(signed.Span, signature, hash, RSASignaturePadding.Pkcs1);
            using ECDsa? ecdsa = issuer.GetECDsaPublicKey();
            return ecdsa is not null && ecdsa.VerifyData(signed.Span, signature, hash, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (Exception broken) when (broken is AsnContentException or CryptographicException)
        {
            return false;
        }
    }

    private static ReadOnlyMemory<byte> AlgorithmInside(ReadOnlyMemory<byte> toBeSigned)
    {
        AsnReader fields = new AsnReader(toBeSigned, AsnEncodingRules.BER).ReadSequence();
        if (fields.PeekTag().TagClass == TagClass.ContextSpecific)
            fields.ReadEncodedValue();
        fields.ReadEncodedValue();
        return fields.ReadEncodedValue();
    }

    private static bool MlDsaHolds(
        X509Certificate2 issuer, ReadOnlyMemory<byte> algorithm, ReadOnlyMemory<byte> signed, byte[] signature)
    {
        MLDsaAlgorithm kind = issuer.PublicKey.Oid.Value switch
        {
            Oids.MlDsa44 => MLDsaAlgorithm.MLDsa44,
            Oids.MlDsa65 => MLDsaAlgorithm.MLDsa65,
            _ => MLDsaAlgorithm.MLDsa87,
        };
        using var key = MLDsa.ImportMLDsaPublicKey(kind, issuer.PublicKey.EncodedKeyValue.RawData);
        return new AsnReader(algorithm, AsnEncodingRules.BER).ReadSequence().ReadObjectIdentifier() == issuer.PublicKey.Oid.Value
            && signature.Length == key.Algorithm.SignatureSizeInBytes && key.VerifyData(signed.Span, signature);
    }

    // RSA-PSS and what is newer.
    private static bool ChainHolds(X509Certificate2 issuer, X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(issuer);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllFlags;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.Build(certificate);
        return chain.ChainElements.Count > 1 && chain.ChainElements[1].Certificate.RawDataMemory.Span.SequenceEqual(
            issuer.RawDataMemory.Span)
            && !chain.ChainElements[0].ChainElementStatus.Any(s => s.Status.HasFlag(X509ChainStatusFlags.NotSignatureValid));
    }
}
