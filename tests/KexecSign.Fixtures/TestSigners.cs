using System.Security.Cryptography;

namespace KexecSign.Fixtures;

/// <summary>Signers that a whole test run shares; making RSA keys takes long.</summary>
public static class TestSigners
{
    private static readonly Lazy<TestSigner> LazyAuthority = new(() => TestSigner.Rsa("test authority", authority: true));
    private static readonly Lazy<TestSigner> LazyLeaf = new(() => TestSigner.Rsa("test leaf", issuer: Authority));
    private static readonly Lazy<TestSigner> LazyRsa2048 = new(() => TestSigner.Rsa("test rsa 2048"));
    private static readonly Lazy<TestSigner> LazyRsa3072 = new(() => TestSigner.Rsa("test rsa 3072", 3072));
    private static readonly Lazy<TestSigner> LazyRsa4096 = new(() => TestSigner.Rsa("test rsa 4096", 4096));
    private static readonly Lazy<TestSigner> LazyOther = new(() => TestSigner.Rsa("test other"));
    private static readonly Lazy<TestSigner> LazyP256 = new(() => TestSigner.Ec("test p256", ECCurve.NamedCurves.nistP256));
    private static readonly Lazy<TestSigner> LazyP384 = new(() => TestSigner.Ec("test p384", ECCurve.NamedCurves.nistP384));

    private static readonly Lazy<TestSigner> LazyP521 = new(() => TestSigner.Ec("test p521", ECCurve.NamedCurves.nistP521));

    /// <summary>A certificate authority.</summary>
    public static TestSigner Authority => LazyAuthority.Value;

    /// <summary>A signer whose certificate <see cref="Authority"/> issued.</summary>
    public static TestSigner Leaf => LazyLeaf.Value;

    public static TestSigner Rsa2048 => LazyRsa2048.Value;

    public static TestSigner Rsa3072 => LazyRsa3072.Value;

    public static TestSigner Rsa4096 => LazyRsa4096.Value;

    /// <summary>Someone whom nobody trusts.</summary>
    public static TestSigner Other => LazyOther.Value;

    public static TestSigner P256 => LazyP256.Value;

    public static TestSigner P384 => LazyP384.Value;

    public static TestSigner P521 => LazyP521.Value;

    /// <summary>By the name that theories use.</summary>
    public static TestSigner Named(string name) => name switch
    {
        "rsa2048" => Rsa2048,
        "rsa3072" => Rsa3072,
        "rsa4096" => Rsa4096,
        "p256" => P256,
        "p384" => P384,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };
}
