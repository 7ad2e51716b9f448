using System.Collections.Immutable;

namespace KexecSign.Simulation.Pkcs7;

/// <summary>What <c>pkcs7_parse_message()</c> keeps.</summary>
internal sealed record Pkcs7Message
{
    /// <summary>Type of the signed content.</summary>
    public required string DataType { get; init; }

    /// <summary>The whole content element; null when it is detached.</summary>
    public required ReadOnlyMemory<byte>? Data { get; init; }

    /// <summary>The content octets of <see cref="Data"/>, which is what gets hashed.</summary>
    public required ReadOnlyMemory<byte> DataOctets { get; init; }

    public required ImmutableArray<KernelCertificate> Certificates { get; init; }

    public required ImmutableArray<Pkcs7Signer> Signers { get; init; }
}

/// <summary>One SignerInfo.</summary>
internal sealed class Pkcs7Signer
{
    /// <summary>Counted from 1, as in the kernel's messages.</summary>
    public required int Index { get; init; }

    /// <summary>Serial and issuer, or the subject key identifier, of the signing certificate.</summary>
    public required byte[] KeyId { get; init; }

    public required KernelHash Hash { get; init; }

    /// <summary><c>rsa</c> or <c>ecdsa</c>.</summary>
    public required string KeyAlgorithm { get; init; }

    public required byte[] Value { get; init; }

    public required KernelAttributes? Attributes { get; init; }

    /// <summary>The signing certificate when the message carries it.</summary>
    public KernelCertificate? Certificate { get; set; }

    /// <summary>The signature over the attributes; known after the digest was made.</summary>
    public KernelSignature? Signature { get; set; }

    /// <summary>A check ended in ENOPKG, so trust is not asked.</summary>
    public bool Unsupported { get; set; }

    /// <summary>A name for messages.</summary>
    public string Name => Certificate?.Subject ?? $"signer {Index}, whose certificate is not in the message";
}

/// <summary>Authenticated attributes of a SignerInfo.</summary>
/// <param name="Encoded">Length and content of the set, without its tag.</param>
/// <param name="MessageDigest">Value of messageDigest.</param>
/// <param name="SigningTime">Value of signingTime, when there is one.</param>
internal sealed record KernelAttributes(ReadOnlyMemory<byte> Encoded, byte[] MessageDigest, DateTimeOffset? SigningTime);
