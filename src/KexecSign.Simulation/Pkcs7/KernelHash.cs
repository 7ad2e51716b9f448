using System.Security.Cryptography;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Pkcs7;

/// <summary>A hash as the kernel's crypto knows it.</summary>
/// <param name="Oid">Its object identifier.</param>
/// <param name="KernelName">Name in the kernel's crypto.</param>
/// <param name="Name">Name in .NET.</param>
/// <param name="Size">Digest length in bytes.</param>
internal sealed record KernelHash(string Oid, string KernelName, HashAlgorithmName Name, int Size)
{
    private static readonly KernelHash[] All =
    [
        new("1.3.14.3.2.26", "sha1", HashAlgorithmName.SHA1, 20),
        new("2.16.840.1.101.3.4.2.1", "sha256", HashAlgorithmName.SHA256, 32),
        new("2.16.840.1.101.3.4.2.2", "sha384", HashAlgorithmName.SHA384, 48),
        new("2.16.840.1.101.3.4.2.3", "sha512", HashAlgorithmName.SHA512, 64),
        new("2.16.840.1.101.3.4.2.8", "sha3-256", HashAlgorithmName.SHA3_256, 32),
        new("2.16.840.1.101.3.4.2.9", "sha3-384", HashAlgorithmName.SHA3_384, 48),
        new("2.16.840.1.101.3.4.2.10", "sha3-512", HashAlgorithmName.SHA3_512, 64),
    ];

    /// <summary><c>mscode_note_digest_algo()</c>.</summary>
    public static KernelHash ForImage(string oid, KernelRelease release) => Known(oid, release, "the image digest");

    /// <summary><c>pkcs7_sig_note_digest_algo()</c>.</summary>
    public static KernelHash ForSigner(string oid, KernelRelease release) => Known(oid, release, "the signer's digest");

    /// <summary>The hash of that kernel name.</summary>
    public static KernelHash Named(string kernelName) => Array.Find(All, hash => hash.KernelName == kernelName)!;

    /// <summary>Hashes pieces one after the other.</summary>
    /// <exception cref="Refusal">ENOPKG when the machine running the model has no code for the hash.</exception>
    public byte[] Over(params ReadOnlySpan<ReadOnlyMemory<byte>> pieces)
    {
        try
        {
            using var hash = IncrementalHash.CreateHash(Name);
            foreach (ReadOnlyMemory<byte> piece in pieces)
                hash.AppendData(piece.Span);
            return hash.GetHashAndReset();
        }
        catch (PlatformNotSupportedException)
        {
            throw Unknown("a digest", KernelName);
        }
    }

    private static KernelHash Known(string oid, KernelRelease release, string what)
    {
        KernelHash? hash = Array.Find(All, known => known.Oid == oid);
        KernelRule? rule = hash?.KernelName switch { "sha3-256" or "sha3-384" or "sha3-512" => KernelRule.Sha3, _ => null };
        if (hash is null || (rule is { } changed && !release.Has(changed)))
            throw Unknown(what, oid);
        return hash;
    }

    private static Refusal Unknown(string what, string oid) =>
        new(KernelErrno.ENOPKG, KexecRules.UnsupportedAlgorithm, "PKCS7: Unsupported digest algo", what, oid);
}
