namespace KexecSign.Keys.Kinds;

/// <summary>Kinds of key pairs that sign; <see cref="KeyKindFacts"/> holds what is known of each.</summary>
public enum KeyKind
{
    /// <summary>RSA, 2048 bits: what every firmware takes.</summary>
    Rsa2048,

    /// <summary>RSA, 3072 bits.</summary>
    Rsa3072,

    /// <summary>RSA, 4096 bits.</summary>
    Rsa4096,

    /// <summary>ECDSA on NIST P-256.</summary>
    P256,

    /// <summary>ECDSA on NIST P-384.</summary>
    P384,

    /// <summary>ECDSA on NIST P-521; kernels from 6.10 on.</summary>
    P521,

    /// <summary>ML-DSA-44 (FIPS 204); the token must know PKCS#11 3.2.</summary>
    Mldsa44,

    /// <summary>ML-DSA-65.</summary>
    Mldsa65,

    /// <summary>ML-DSA-87.</summary>
    Mldsa87,
}
