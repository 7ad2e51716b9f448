using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using KexecSign.Core.Errors;

namespace KexecSign.Core;

/// <summary>
/// The machine's OpenSSL, which hashes and signs. .NET ends the process where it finds none, and says little where a configuration left
/// no usable provider; so it is asked for here, before anything is done.
/// </summary>
public static class MachineCrypto
{
    // The names that .NET's own binding tries, in its order.
    private static readonly ImmutableArray<string> Names =
        ["libssl.so.3", "libssl.so.1.1", "libssl.so.1.0.2", "libssl.so.1.0.0", "libssl.so.10"];

    private static bool _found;

    /// <summary>Requires what every operation needs. Looks once.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS5010, KS5028.</exception>
    public static void Require()
    {
        if (_found)
            return;
        if (!Array.Exists(Names.ToArray(), IsThere))
            throw OperationErrors.NoOpenSsl.With(Names[0]);
        RequireAlgorithms();
        _found = true;
    }

    private static bool IsThere(string name) => NativeLibrary.TryLoad(name, out _);

    private static void RequireAlgorithms()
    {
        string what = "SHA-256";
        try
        {
            _ = SHA256.HashData([]);
            what = "RSA";
            // Reading a key asks the providers for RSA, and computes nothing.
            using RSA rsa = RSA.Create(new RSAParameters { Modulus = Modulus(), Exponent = [1, 0, 1] });
            _ = rsa.VerifyHash(new byte[32], new byte[128], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (Exception refused) when (refused is CryptographicException or PlatformNotSupportedException or TypeInitializationException
            or InvalidOperationException)
        {
            string? configuration = Environment.GetEnvironmentVariable("OPENSSL_CONF");
            throw OperationErrors.OpenSslWithoutAlgorithms.Because(refused, what, configuration is null
                ? ""
                : $" (OPENSSL_CONF is {configuration})");
        }
    }

    // Any odd number of 1024 bits: nobody holds a key of it, and no signature holds by it.
    private static byte[] Modulus()
    {
        byte[] modulus = new byte[128];
        modulus[0] = 0x80;
        modulus[^1] = 1;
        return modulus;
    }
}
