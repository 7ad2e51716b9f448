using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace KexecSign.Architecture.Tests;

/// <summary>No private key is in the repository, in no form that a signer could read.</summary>
public sealed partial class SecretTests
{
    private const int LongestKeyFile = 64 * 1024;

    private static readonly string[] KeyFiles = [".key", ".p12", ".pfx", ".pk8", ".jks"];

    [Fact]
    public void No_file_holds_a_private_key_header() =>
        Repository.Files().Where(file => PrivateKey().IsMatch(File.ReadAllText(Path.Combine(Repository.Root, file)))).ShouldBeEmpty();

    [Fact]
    public void No_file_is_named_like_a_private_key() =>
        Repository.Files().Where(file => KeyFiles.Contains(Path.GetExtension(file))).ShouldBeEmpty();

    [Fact]
    public void No_file_is_a_private_key_in_DER() =>
        Repository.Files().Where(file => IsPrivateKey(Path.Combine(Repository.Root, file))).ShouldBeEmpty();

    [Fact]
    public void Would_see_a_key()
    {
        using var key = RSA.Create(1024);
        PrivateKey().IsMatch(key.ExportPkcs8PrivateKeyPem()).ShouldBeTrue();
        PrivateKey().IsMatch(key.ExportRSAPrivateKeyPem()).ShouldBeTrue();
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, key.ExportPkcs8PrivateKey());
        IsPrivateKey(path).ShouldBeTrue();
        File.Delete(path);
    }

    private static bool IsPrivateKey(string path)
    {
        if (new FileInfo(path).Length > LongestKeyFile)
            return false;
        byte[] bytes = File.ReadAllBytes(path);
        return bytes is [0x30, ..] && (Imports<RSA>(RSA.Create(), bytes) || Imports<ECDsa>(ECDsa.Create(), bytes));
    }

    private static bool Imports<T>(T key, byte[] bytes) where T : AsymmetricAlgorithm
    {
        using (key)
        {
            try
            {
                key.ImportPkcs8PrivateKey(bytes, out _);
                return true;
            }
            catch (CryptographicException)
            {
                return false;
            }
        }
    }

    // Five dashes in front, so that this file and texts that talk about keys do not match themselves.
    [GeneratedRegex("-{5}BEGIN ([A-Z0-9]+ )*PRIVATE KEY-{5}")]
    private static partial Regex PrivateKey();
}
