using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Kinds;

namespace KexecSign.Keys.Certificates;

/// <summary>Certificates of ML-DSA keys, which the base class library verifies with only where OpenSSL is 3.5 or newer.</summary>
public static class MlDsaCertificate
{
    /// <summary>For instance <c>ML-DSA-65</c>; null when the certificate is for a key of another kind.</summary>
    public static string? NameOf(X509Certificate2 certificate) => MlDsaSet.Of(certificate.PublicKey.Oid.Value)?.Name;

    /// <summary>The same by a signature's length, which each parameter set has alone; null when it is of none.</summary>
    public static string? NameBySignature(int length) => MlDsaSet.All.FirstOrDefault(set => set.SignatureLength == length)?.Name;

    /// <summary>Whether a pure signature with an empty context holds for a message; null where OpenSSL has no ML-DSA.</summary>
    public static bool? Holds(X509Certificate2 certificate, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (MlDsaSet.Of(certificate.PublicKey.Oid.Value) is not { } set)
            return false;
        if (!MLDsa.IsSupported)
            return null;
        byte[] publicKey = certificate.PublicKey.EncodedKeyValue.RawData;
        if (publicKey.Length != set.PublicKeyLength || signature.Length != set.SignatureLength)
            return false;
        using MLDsa key = MLDsa.ImportMLDsaPublicKey(set.Algorithm, publicKey);
        return key.VerifyData(message, signature);
    }
}
