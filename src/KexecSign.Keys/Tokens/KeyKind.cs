namespace KexecSign.Keys.Tokens;

/// <summary>Kinds of key pairs that can be made; kernel and firmware verify all of them.</summary>
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
}
