using KexecSign.Formats.Vocabulary;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Documents;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Kinds;
using KexecSign.Signing;

namespace KexecSign.Provenance;

/// <summary>
/// A DSSE envelope (secure-systems-lab/dsse, protocol 1.0): what is signed is "DSSEv1", type and payload with their lengths.
/// RSA signs PKCS#1 v1.5, as everywhere here; ECDSA signatures are DER.
/// </summary>
internal static class ProvenanceEnvelope
{
    private const string PayloadType = "application/vnd.in-toto+json";
    private const int MostSignatures = 16;

    /// <summary>The envelope of a statement.</summary>
    public static byte[] Sign(ProvenanceStatement statement, SigningIdentity identity, RunContext context)
    {
        byte[] payload = statement.ToJson();
        byte[] signed = Encode(PayloadType, payload);
        byte[] signature = identity.Key.SignContent(
            new(ContentKind.Digest, CryptographicOperations.HashData(identity.Hash, signed), () => signed) { Name = "provenance" },
            identity.Hash, context.Cancellation);
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, ReportDocument.Writing))
        {
            json.WriteStartObject();
            json.WriteString("payloadType", PayloadType);
            json.WriteBase64String("payload", payload);
            json.WriteStartArray("signatures");
            json.WriteStartObject();
            json.WriteString("keyid", KeyId(identity.Certificate));
            json.WriteBase64String("sig", signature);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }

    /// <summary>Checks an envelope and gives its payload with the certificate that it holds by.</summary>
    /// <exception cref="KexecSignException">KS3301, KS3302, KS3321, KS4661.</exception>
    public static (byte[] Payload, X509Certificate2 Signer) Open(PlacedValue envelope, IReadOnlyList<X509Certificate2> trusted)
    {
        var json = new ObjectReader(envelope, "the envelope");
        string type = json.Required("payloadType");
        if (type != PayloadType)
            throw OperationErrors.NotProvenance.With($"the payload's type is {type}, not {PayloadType}");
        byte[] payload = Bytes(json.Required("payload"), "payload");
        var signatures = json.List("signatures");
        if (signatures.Length is 0 or > MostSignatures)
            throw OperationErrors.NotProvenance.With($"it has {signatures.Length} signatures, not 1 to {MostSignatures}");
        byte[] signed = Encode(type, payload);
        foreach (PlacedValue item in signatures)
        {
            byte[] signature = Bytes(new ObjectReader(item, "a signature").Required("sig"), "sig");
            // Whoever wrote the key id did not sign it, so it is a hint only; all certificates are tried.
            if (trusted.FirstOrDefault(certificate => Holds(certificate, signed, signature)) is { } signer)
                return (payload, signer);
        }
        throw VerifyErrors.ProvenanceNotTrusted.With(signatures.Length, trusted.Count);
    }

    /// <summary>The pre-authentication encoding of DSSE.</summary>
    public static byte[] Encode(string type, ReadOnlySpan<byte> payload)
    {
        string head = string.Create(CultureInfo.InvariantCulture, $"DSSEv1 {Encoding.UTF8.GetByteCount(type)} {type} {payload.Length} ");
        return [.. Encoding.UTF8.GetBytes(head), .. payload];
    }

    /// <summary>SHA-256 of the key's SubjectPublicKeyInfo, as sigstore and in-toto tools name keys.</summary>
    public static string KeyId(X509Certificate2 certificate) =>
        Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    private static bool Holds(X509Certificate2 certificate, byte[] signed, byte[] signature)
    {
        using RSA? rsa = certificate.GetRSAPublicKey();
        using ECDsa? ecdsa = certificate.GetECDsaPublicKey();
        return Hashes.Any(hash => rsa is not null
            ? rsa.VerifyHash(CryptographicOperations.HashData(hash, signed), signature, hash, RSASignaturePadding.Pkcs1)
            : ecdsa is not null && ecdsa.VerifyHash(CryptographicOperations.HashData(hash, signed), signature,
                DSASignatureFormat.Rfc3279DerSequence));
    }

    private static readonly HashAlgorithmName[] Hashes =
        [.. HashKind.All.Where(hash => hash.Uses.HasFlag(HashUses.General)).Select(hash => hash.Name)];

    private static byte[] Bytes(string base64, string name)
    {
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException malformed)
        {
            throw OperationErrors.NotProvenance.Because(malformed, $"'{name}' is not base64");
        }
    }
}
