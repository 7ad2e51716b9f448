using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Fixtures;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.Tokens;

namespace KexecSign.Keys.Tests.Tools;

/// <summary>One SoftHSM per test run with a key of each kind, in a temporary folder. A process reads only one SOFTHSM2_CONF.</summary>
public sealed class SoftHsm : IDisposable
{
    public const string ModulePath = "/usr/lib/softhsm/libsofthsm2.so";
    public const string Label = "Test token";
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("kexecsign-keys-");

    public SoftHsm()
    {
        if (!File.Exists(ModulePath))
            return;
        Folder = SoftHsmFolder.Open(Path.Combine(_root.FullName, "token"));
        PinFile.Ensure(Folder.PinPath);
        PinFile.Ensure(Folder.SecurityOfficerPinPath);
        using var keyring = new Keyring();
        Token token = keyring.MakeToken(Module, Label, new PinOptions { File = Folder.SecurityOfficerPinPath }, new PinOptions { File = Folder.PinPath });
        byte id = 1;
        // SoftHSM 2.6 knows nothing of PKCS#11 3.2.
        foreach (KeyKind kind in Enum.GetValues<KeyKind>().Where(kind => kind < KeyKind.Mldsa44))
            Make(token, kind.ToString(), kind, [id++]);
        Make(token, "twin", KeyKind.P256, [0x20]);
        Make(token, "twin", KeyKind.P256, [0x21]);
    }

    public SoftHsmFolder? Folder { get; }

    /// <summary>A URI that names the module only.</summary>
    public static string Module => $"pkcs11:?module-path={ModulePath}";

    public string Pin => File.ReadAllText(Folder!.PinPath).Trim();

    public PinOptions PinFromFile => new() { File = Folder!.PinPath };

    public static string Uri(string path, string query = "") => $"pkcs11:{path}?module-path={ModulePath}{(query.Length > 0 ? "&" + query : "")}";

    /// <summary>The URI of a key, with the PIN's file in it.</summary>
    public string Key(string label) => Uri($"token=Test%20token;object={label}", $"pin-source=file:{Folder!.PinPath}");

    /// <summary>A path in the temporary folder.</summary>
    public string Temporary(string name) => Path.Combine(_root.FullName, name);

    public static void Require() => Tool.Require(ModulePath);

    public void Dispose() => _root.Delete(recursive: true);

    private static void Make(Token token, string label, KeyKind kind, ImmutableArray<byte> id)
    {
        ISigningKey key = token.GenerateKeyPair(label, kind, id, default);
        using X509Certificate2 certificate = SelfSigned(key, label);
        token.StoreCertificate(label, id, certificate, default);
    }

    public static X509Certificate2 SelfSigned(ISigningKey key, string name)
    {
        var publicKey = PublicKey.CreateFromSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={name}"), publicKey, key.DefaultHash);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(publicKey, critical: false));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.Create(request.SubjectName, new SigningKeyGenerator(key), now.AddDays(-1), now.AddDays(30), RandomNumberGenerator.GetBytes(16));
    }
}

[CollectionDefinition(Name)]
public sealed class SoftHsmCollection : ICollectionFixture<SoftHsm>
{
    public const string Name = "SoftHSM";
}
