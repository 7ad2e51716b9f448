using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Kinds;

namespace KexecSign.Signing;

/// <summary>A signature as a key made it, checked by its certificate.</summary>
internal static class BareSignature
{
    /// <summary>The signature in the form that CMS wants when it holds for a hash, otherwise null.</summary>
    /// <param name="signer">Whose key it should be of.</param>
    /// <param name="hash">What was to be signed.</param>
    /// <param name="algorithm">Algorithm of the hash.</param>
    /// <param name="signature">RSA PKCS#1 v1.5, or ECDSA in DER, or as r and s side by side, as tokens give it.</param>
    public static byte[]? Check(X509Certificate2 signer, byte[] hash, HashAlgorithmName algorithm, byte[] signature)
    {
        using RSA? rsa = signer.GetRSAPublicKey();
        if (rsa is not null)
            return rsa.VerifyHash(hash, signature, algorithm, RSASignaturePadding.Pkcs1) ? signature : null;
        using ECDsa? ecdsa = signer.GetECDsaPublicKey();
        if (ecdsa is null)
            return null;
        byte[]? der = signature.Length == 2 * ((ecdsa.KeySize + 7) / 8) ? EcdsaDer.FromRaw(signature) : null;
        return Holds(ecdsa, hash, signature) ? signature : der is not null && Holds(ecdsa, hash, der) ? der : null;
    }

    private static bool Holds(ECDsa key, byte[] hash, byte[] der)
    {
        try
        {
            return key.VerifyHash(hash, der, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
