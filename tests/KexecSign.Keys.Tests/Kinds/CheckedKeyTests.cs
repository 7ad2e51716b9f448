using System.Diagnostics;
using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.Kinds;

/// <summary>What a key makes is verified before it is given out, whatever the key is.</summary>
public sealed class CheckedKeyTests
{
    private static readonly byte[] Hash = SHA256.HashData("x"u8);

    [Fact]
    public void A_right_signature_is_given_out_as_it_is()
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        byte[] right = rsa.SignHash(Hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var key = new CheckedKey(new Liar(rsa.ExportSubjectPublicKeyInfo(), right));
        key.SignHash(Hash, HashAlgorithmName.SHA256, default).ShouldBe(right);
        byte[] der = ecdsa.SignHash(Hash, DSASignatureFormat.Rfc3279DerSequence);
        using var second = new CheckedKey(new Liar(ecdsa.ExportSubjectPublicKeyInfo(), der));
        second.SignHash(Hash, HashAlgorithmName.SHA256, default).ShouldBe(der);
    }

    [Theory]
    [InlineData("flipped")]
    [InlineData("zero")]
    [InlineData("short")]
    [InlineData("empty")]
    [InlineData("of another key")]
    [InlineData("of another hash")]
    [InlineData("of another padding")]
    public void A_wrong_RSA_signature_is_refused_and_not_shown(string how)
    {
        using RSA rsa = RSA.Create(2048), other = RSA.Create(2048);
        byte[] right = rsa.SignHash(Hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        byte[] wrong = how switch
        {
            "flipped" => [.. right[..100], (byte)(right[100] ^ 1), .. right[101..]],
            "zero" => new byte[right.Length],
            "short" => right[..^1],
            "empty" => [],
            "of another key" => other.SignHash(Hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            "of another hash" => rsa.SignHash(SHA256.HashData("y"u8), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            "of another padding" => rsa.SignHash(Hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            _ => throw new ArgumentOutOfRangeException(nameof(how)),
        };
        using var key = new CheckedKey(new Liar(rsa.ExportSubjectPublicKeyInfo(), wrong));
        string told = Refusal.Of("KS2070", () => key.SignHash(Hash, HashAlgorithmName.SHA256, default)).ToString();
        told.ShouldContain($"{wrong.Length} bytes");
        if (wrong.Length > 0)
            told.ShouldNotContain(Convert.ToHexStringLower(wrong));
        Refusal.Of("KS2070", () => ((ISigningKey)key).SignData("x"u8.ToArray(), HashAlgorithmName.SHA256, default));
    }

    [Theory]
    [InlineData("flipped")]
    [InlineData("no DER")]
    [InlineData("of another key")]
    public void A_wrong_ECDSA_signature_is_refused(string how)
    {
        using ECDsa ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256), other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] right = ecdsa.SignHash(Hash, DSASignatureFormat.Rfc3279DerSequence);
        byte[] wrong = how switch
        {
            "flipped" => [.. right[..20], (byte)(right[20] ^ 1), .. right[21..]],
            "no DER" => new byte[64],
            "of another key" => other.SignHash(Hash, DSASignatureFormat.Rfc3279DerSequence),
            _ => throw new ArgumentOutOfRangeException(nameof(how)),
        };
        using var key = new CheckedKey(new Liar(ecdsa.ExportSubjectPublicKeyInfo(), wrong));
        Refusal.Of("KS2070", () => key.SignHash(Hash, HashAlgorithmName.SHA256, default));
    }

    [SkippableFact]
    public void A_key_whose_signatures_this_machine_cannot_verify_is_refused_at_once()
    {
        Skip.If(MLDsa.IsSupported, "this machine's OpenSSL knows ML-DSA");
        var key = new Liar(MlDsaSet.Of(65).SubjectPublicKeyInfo(new byte[1952]), []);
        Refusal.Of("KS2071", () => new CheckedKey(key).Dispose(), "key 'liar' is ML-DSA-65", "older than 3.5", "OpenSSL is 3.5 or newer");
    }

    [Fact]
    public void Threads_verify_at_the_same_time()
    {
        using RSA rsa = RSA.Create(2048);
        byte[] right = rsa.SignHash(Hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var key = new CheckedKey(new Liar(rsa.ExportSubjectPublicKeyInfo(), right));
        byte[] wrongHash = SHA256.HashData("y"u8);
        Parallel.For(0, 400, i =>
        {
            if (i % 2 == 0)
                key.SignHash(Hash, HashAlgorithmName.SHA256, default).ShouldBeSameAs(right);
            else
                Refusal.Of("KS2070", () => key.SignHash(wrongHash, HashAlgorithmName.SHA256, default));
        });
    }

    [Fact]
    public void Verifying_costs_little_beside_signing()
    {
        using RSA rsa = RSA.Create(2048);
        byte[] right = rsa.SignHash(Hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var key = new CheckedKey(new Liar(rsa.ExportSubjectPublicKeyInfo(), right));
        key.SignHash(Hash, HashAlgorithmName.SHA256, default);
        double verified = Microseconds(() => key.SignHash(Hash, HashAlgorithmName.SHA256, default));
        double made = Microseconds(() => rsa.SignHash(Hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        Console.WriteLine($"RSA-2048: {verified:0.0} us to verify, {made:0.0} us to sign");
        verified.ShouldBeLessThan(made / 2);

        // The best of some, because other processes share the machine.
        static double Microseconds(Action work) => Enumerable.Range(0, 200).Min(_ =>
        {
            long began = Stopwatch.GetTimestamp();
            for (int i = 0; i < 5; i++)
                work();
            return Stopwatch.GetElapsedTime(began).TotalMicroseconds / 5;
        });
    }

    private sealed class Liar(byte[] publicKey, byte[] answer) : IUncheckedKey
    {
        public ReadOnlyMemory<byte> SubjectPublicKeyInfo => publicKey;

        public string DisplayName => "'liar'";

        public byte[] SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation) => answer;

        public byte[] SignMessage(ReadOnlyMemory<byte> message, CancellationToken cancellation) => answer;
    }
}
