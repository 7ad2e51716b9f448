using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pkcs11.Native;

namespace KexecSign.Keys.Pkcs11;

/// <summary>
/// Finds the public half of a private key: in the key itself, in the public key object, or in the certificate of the same id.
/// </summary>
internal static class PublicKeyReader
{
    /// <summary>DER SubjectPublicKeyInfo; null when the token does not tell it.</summary>
    public static byte[]? SubjectPublicKeyInfo(Cryptoki calls, nuint session, TokenObject key)
    {
        if (FromObject(calls, session, key) is { } own)
            return own;
        if (key.Id.Length == 0)
            return null;
        foreach (TokenObject publicKey in TokenObject.Find(calls, session, ObjectClass.PublicKey, label: null, key.Id))
        {
            if (FromObject(calls, session, publicKey) is { } found)
                return found;
        }
        foreach (TokenObject certificate in TokenObject.Find(calls, session, ObjectClass.Certificate, label: null, key.Id))
        {
            if (calls.Attribute(session, certificate.Handle, AttributeType.Value) is { Length: > 0 } der)
                return FromCertificate(der);
        }
        return null;
    }

    // An attribute that cannot be decoded is as good as none; another, or another object, may tell.
    private static byte[]? FromObject(Cryptoki calls, nuint session, TokenObject key) =>
        Decoded(() => TokenObject.Number(calls.Attribute(session, key.Handle, AttributeType.KeyType)) switch
        {
            KeyType.Rsa => Rsa(calls, session, key.Handle),
            KeyType.Ec => Ec(calls, session, key.Handle),
            KeyType.MlDsa => MlDsa(calls, session, key),
            _ => null,
        })
        ?? Decoded(() => Info(calls, session, key.Handle));

    private static byte[]? Decoded(Func<byte[]?> read)
    {
        try
        {
            return read();
        }
        catch (Exception cause) when (cause is CryptographicException or AsnContentException)
        {
            return null;
        }
    }

    // CKA_PUBLIC_KEY_INFO, which each object of a pair may have since 2.40; siguldry's EC points are wrapped once too often.
    private static byte[]? Info(Cryptoki calls, nuint session, nuint handle) =>
        calls.Attribute(session, handle, AttributeType.PublicKeyInfo) is { Length: > 0 } info
            ? PublicKey.CreateFromSubjectPublicKeyInfo(info, out _).ExportSubjectPublicKeyInfo()
            : null;

    private static byte[]? Rsa(Cryptoki calls, nuint session, nuint handle)
    {
        byte[]? modulus = calls.Attribute(session, handle, AttributeType.Modulus);
        byte[]? exponent = calls.Attribute(session, handle, AttributeType.PublicExponent);
        if (modulus is not { Length: > 0 } || exponent is not { Length: > 0 })
            return null;
        using var rsa = RSA.Create(new RSAParameters { Modulus = Trimmed(modulus), Exponent = Trimmed(exponent) });
        return rsa.ExportSubjectPublicKeyInfo();
    }

    private static byte[]? Ec(Cryptoki calls, nuint session, nuint handle)
    {
        byte[]? curve = calls.Attribute(session, handle, AttributeType.EcParameters);
        byte[]? point = calls.Attribute(session, handle, AttributeType.EcPoint);
        if (curve is not { Length: > 0 } || point is not { Length: > 0 })
            return null;
        // PKCS#11 2.40 wants the point in an OCTET STRING; some tokens give it bare. 04 is both tags' first byte, so the
        // length decides: an uncompressed point has an odd number of bytes and the OCTET STRING names all that follow.
        if (point.Length > 2 && AsnDecoder.TryReadPrimitiveOctetString(point, AsnEncodingRules.DER, out ReadOnlySpan<byte> inner,
            out int read)
            && read == point.Length && inner.Length % 2 == 1 && inner[0] == 4)
            point = inner.ToArray();
        if (point.Length % 2 == 0 || point[0] != 4)
            return null;
        int half = point.Length / 2;
        var parameters = new ECParameters
        {
            Curve = ECCurve.CreateFromValue(AsnDecoder.ReadObjectIdentifier(curve, AsnEncodingRules.DER, out _)),
            Q = new ECPoint { X = point[1..(half + 1)], Y = point[(half + 1)..] },
        };
        using var ecdsa = ECDsa.Create(parameters);
        return ecdsa.ExportSubjectPublicKeyInfo();
    }

    private static byte[]? MlDsa(Cryptoki calls, nuint session, TokenObject key)
    {
        if (Info(calls, session, key.Handle) is { } info)
            return info;
        // CKA_VALUE of a private key is the private key.
        if (key.Class != ObjectClass.PublicKey || calls.Attribute(session, key.Handle, AttributeType.Value) is not { } value)
            return null;
        nuint? parameters = TokenObject.Number(calls.Attribute(session, key.Handle, AttributeType.ParameterSet));
        MlDsaSet? set = MlDsaSet.All.FirstOrDefault(known => known.Parameters == parameters);
        return set?.SubjectPublicKeyInfo(value);
    }

    private static byte[] FromCertificate(byte[] der)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
        return certificate.PublicKey.ExportSubjectPublicKeyInfo();
    }

    private static byte[] Trimmed(byte[] number) => number.AsSpan().TrimStart((byte)0).ToArray();
}
