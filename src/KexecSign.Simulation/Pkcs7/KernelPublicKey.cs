using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Pkcs7;

/// <summary>
/// A public key and <c>public_key_verify_signature()</c> with the error numbers of crypto/rsa-pkcs1pad.c and crypto/ecdsa.c.
/// </summary>
internal sealed class KernelPublicKey
{
    private const string RsaEncryption = "1.2.840.113549.1.1.1";
    private const string EcPublicKey = "1.2.840.10045.2.1";
    private static readonly int[] RsaSizes = [512, 1024, 1536, 2048, 3072, 4096];

    // SubjectPublicKeyInfo; of ML-DSA the bare key.
    private readonly byte[] _key;
    private readonly BigInteger _modulus, _exponent;
    private readonly int _keySize;

    private KernelPublicKey(string algorithm, byte[] info, BigInteger modulus = default, BigInteger exponent = default)
    {
        Algorithm = algorithm;
        _key = info;
        _modulus = modulus;
        _exponent = exponent;
        _keySize = (int)(modulus.GetBitLength() + 7) / 8;
    }

    /// <summary><c>rsa</c>, <c>ecdsa-nist-p…</c> or <c>mldsa…</c>.</summary>
    public string Algorithm { get; }

    /// <summary><c>x509_extract_key_data()</c>.</summary>
    /// <param name="info">DER of SubjectPublicKeyInfo.</param>
    /// <param name="release">Decides which algorithms are known.</param>
    /// <param name="owner">Whose key it is, for messages.</param>
    public static KernelPublicKey Parse(ReadOnlyMemory<byte> info, KernelRelease release, string owner)
    {
        AsnReader reader = new AsnReader(info, AsnEncodingRules.BER).ReadSequence();
        AsnReader identifier = reader.ReadSequence();
        string oid = identifier.ReadObjectIdentifier();
        byte[] bits = reader.ReadBitString(out _);
        if (oid == RsaEncryption)
        {
            AsnReader key = new AsnReader(bits, AsnEncodingRules.BER).ReadSequence();
            return new KernelPublicKey("rsa", info.ToArray(), key.ReadInteger(), key.ReadInteger());
        }
        if (MlDsaKind(oid) is { } mlDsa && release.Has(KernelRule.MlDsa))
            return new KernelPublicKey(mlDsa, bits);
        if (oid != EcPublicKey)
            throw Unsupported(owner, "the key algorithm " + Pkcs7Parser.Named(oid));
        string curve = identifier.ReadObjectIdentifier();
        string? name = curve switch
        {
            "1.2.840.10045.3.1.1" => "ecdsa-nist-p192",
            "1.2.840.10045.3.1.7" => "ecdsa-nist-p256",
            "1.3.132.0.34" => "ecdsa-nist-p384",
            "1.3.132.0.35" when release.Has(KernelRule.P521) => "ecdsa-nist-p521",
            _ => throw Unsupported(owner, "the curve " + curve),
        };
        return new KernelPublicKey(name, info.ToArray());
    }

    /// <summary><c>public_key_verify_signature()</c>.</summary>
    /// <param name="signature">Signature to check.</param>
    /// <param name="owner">Whose key this is, for messages.</param>
    /// <exception cref="Refusal">EKEYREJECTED, EBADMSG, EINVAL or ENOPKG as the kernel's crypto answers.</exception>
    public void Verify(KernelSignature signature, string owner)
    {
        string family = Algorithm.StartsWith("ecdsa", StringComparison.Ordinal) ? "ecdsa" : Algorithm;
        if (family != signature.KeyAlgorithm)
            throw Wrong(KernelErrno.EKEYREJECTED, signature, owner, $"the signature is {signature.KeyAlgorithm}, the key {Algorithm}");
        if (family == "rsa")
            VerifyRsa(signature, owner);
        else if (family != "ecdsa")
            VerifyMlDsa(signature, owner);
        else
            VerifyEcdsa(signature, owner);
    }

    private void VerifyRsa(KernelSignature signature, string owner)
    {
        if (_exponent.Sign <= 0 || _modulus.Sign <= 0 || !RsaSizes.Contains(_keySize * 8))
            throw new Refusal(KernelErrno.EINVAL, KexecRules.UnsupportedAlgorithm, "", owner,
                $"an RSA key of {_modulus.GetBitLength()} bits");
        var value = new BigInteger(signature.Value, isUnsigned: true, isBigEndian: true);
        if (signature.Value.Length != _keySize || value >= _modulus)
            throw Wrong(KernelErrno.EINVAL, signature, owner, $"{signature.Value.Length} bytes for a key of {_keySize} bytes");

        byte[] block = new byte[_keySize];
        byte[] opened = BigInteger.ModPow(value, _exponent, _modulus).ToByteArray(isUnsigned: true, isBigEndian: true);
        opened.CopyTo(block, block.Length - opened.Length);
        if (block[0] != 0)
            throw Wrong(KernelErrno.EINVAL, signature, owner, "the opened value does not begin with 00");
        int end = block.AsSpan(2).IndexOfAnyExcept((byte)0xFF) + 2;
        if (block[1] != 1 || end < 10 || block[end] != 0)
            throw Wrong(KernelErrno.EBADMSG, signature, owner, "the opened value has no PKCS#1 v1.5 padding");
        ReadOnlySpan<byte> digestInfo = block.AsSpan(end + 1);
        ReadOnlySpan<byte> prefix = DigestInfoPrefix(signature.Hash);
        if (!digestInfo.StartsWith(prefix))
            throw Wrong(KernelErrno.EBADMSG, signature, owner, "the opened value names another hash");
        if (!digestInfo[prefix.Length..].SequenceEqual(signature.Digest))
            throw Wrong(KernelErrno.EKEYREJECTED, signature, owner, "another digest was signed");
    }

    private void VerifyEcdsa(KernelSignature signature, string owner)
    {
        try
        {
            var value = new AsnReader(signature.Value, AsnEncodingRules.DER);
            AsnReader numbers = value.ReadSequence();
            if (numbers.ReadInteger().Sign <= 0 || numbers.ReadInteger().Sign <= 0)
                throw Wrong(KernelErrno.EBADMSG, signature, owner, "r or s is not positive");
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(_key, out _);
            if (!key.VerifyHash(signature.Digest, signature.Value, DSASignatureFormat.Rfc3279DerSequence))
                throw Wrong(KernelErrno.EKEYREJECTED, signature, owner, "r and s do not match the digest");
        }
        catch (AsnContentException)
        {
            throw Wrong(KernelErrno.EBADMSG, signature, owner, "it is no SEQUENCE of r and s");
        }
        catch (CryptographicException)
        {
            throw new Refusal(KernelErrno.EINVAL, KexecRules.UnsupportedAlgorithm, "", owner, "an EC key that cannot be read");
        }
    }

    // crypto/mldsa.c: the algorithm hashes by itself, so what is signed is the attributes, not a digest of them.
    private void VerifyMlDsa(KernelSignature signature, string owner)
    {
        if (signature.Hash.KernelName != "sha512")
            throw new Refusal(KernelErrno.EINVAL, KexecRules.UnsupportedAlgorithm, "", owner,
                $"{Algorithm} with attributes hashed by {signature.Hash.KernelName}, where only sha512 is taken,");
        if (!MLDsa.IsSupported)
            throw KexecRules.NotComputable.With(signature.Of, Algorithm);
        try
        {
            using var key = MLDsa.ImportMLDsaPublicKey(
                Algorithm switch { "mldsa44" => MLDsaAlgorithm.MLDsa44, "mldsa65" => MLDsaAlgorithm.MLDsa65, _ => MLDsaAlgorithm.MLDsa87 },
                    _key);
            if (signature.Value.Length != key.Algorithm.SignatureSizeInBytes)
                throw Wrong(KernelErrno.EBADMSG, signature, owner,
                    $"it has {signature.Value.Length} bytes, not {key.Algorithm.SignatureSizeInBytes}");
            if (!key.VerifyData(signature.Message.Span, signature.Value))
                throw Wrong(KernelErrno.EKEYREJECTED, signature, owner, "it is of other bytes");
        }
        catch (Exception wrong) when (wrong is CryptographicException or ArgumentException)
        {
            throw new Refusal(KernelErrno.EINVAL, KexecRules.UnsupportedAlgorithm, "", owner, "an ML-DSA key that cannot be read");
        }
    }

    /// <summary>The kernel's name of an ML-DSA algorithm; null for another one.</summary>
    public static string? MlDsaKind(string oid) => oid switch
    {
        "2.16.840.1.101.3.4.3.17" => "mldsa44",
        "2.16.840.1.101.3.4.3.18" => "mldsa65",
        "2.16.840.1.101.3.4.3.19" => "mldsa87",
        _ => null,
    };

    private static byte[] DigestInfoPrefix(KernelHash hash)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(hash.Oid);
                writer.WriteNull();
            }
            writer.WriteOctetString(new byte[hash.Size]);
        }
        return writer.Encode()[..^hash.Size];
    }

    private static Refusal Wrong(KernelErrno errno, KernelSignature signature, string owner, string why) =>
        new(errno, KexecRules.SignatureWrong, "", signature.Of, owner, why);

    private static Refusal Unsupported(string owner, string what) =>
        new(KernelErrno.ENOPKG, KexecRules.UnsupportedAlgorithm, "", owner, what);
}
