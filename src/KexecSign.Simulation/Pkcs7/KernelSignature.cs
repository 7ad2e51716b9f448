namespace KexecSign.Simulation.Pkcs7;

/// <summary>A signature value with the digest it signs: the kernel's <c>struct public_key_signature</c>.</summary>
internal sealed record KernelSignature
{
    /// <summary><c>rsa</c> or <c>ecdsa</c>; RSA means PKCS#1 v1.5, ECDSA means the DER form. Or <c>mldsa…</c>.</summary>
    public required string KeyAlgorithm { get; init; }

    /// <summary>Hash of the signed bytes.</summary>
    public required KernelHash Hash { get; init; }

    /// <summary>Digest of the signed bytes.</summary>
    public required byte[] Digest { get; init; }

    /// <summary>The signed bytes themselves; empty for algorithms that sign a digest.</summary>
    public ReadOnlyMemory<byte> Message { get; init; }

    /// <summary>The signature value.</summary>
    public required byte[] Value { get; init; }

    /// <summary>Whose signature it is, for messages.</summary>
    public required string Of { get; init; }
}
