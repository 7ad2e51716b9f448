using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uefi;
using KexecSign.Signing;

namespace KexecSign.Commands.Testset;

/// <summary>
/// The keys of a test set, one PEM file and one certificate each. They are made when the set is made and belong to it alone;
/// given again, the same images come out, byte for byte.
/// </summary>
internal sealed class TestsetKeys
{
    private const UnixFileMode KeyMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly Guid Owner = new("6b657865-6373-6967-6e00-746573740000");

    // Firmware's db holds all but the last three of these. No ECDSA: its signatures differ each time.
    private static readonly ImmutableArray<string> Names = ["db", "expired", "revoked", "rsa3072", "rsa4096", "other", "ima", "pk"];

    private readonly string _folder;

    private TestsetKeys(string folder) => _folder = folder;

    /// <summary>Makes new keys in a folder.</summary>
    public static TestsetKeys Make(string folder, RunContext context)
    {
        DateTimeOffset now = context.Clock.GetUtcNow();
        foreach (string name in Names)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            (DateTimeOffset from, DateTimeOffset to) = name == "expired"
                ? (new DateTimeOffset(2001, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2002, 1, 1, 0, 0, 0, TimeSpan.Zero))
                : (now.AddDays(-1), now.AddYears(10));
            using var rsa = RSA.Create(name switch { "rsa3072" => 3072, "rsa4096" => 4096, _ => 2048 });
            Write(folder, name, rsa.ExportPkcs8PrivateKeyPem(),
                new CertificateRequest(Subject(name), rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), from, to);
        }
        return new(folder);
    }

    /// <summary>Copies the keys of an earlier set into a folder.</summary>
    /// <exception cref="KexecSignException">KS3953.</exception>
    public static TestsetKeys Copy(string from, string folder, RunContext context)
    {
        foreach (string name in Names.SelectMany(n => (string[])[n + ".key", n + ".pem"]))
        {
            string path = Path.Combine(from, name);
            if (!File.Exists(path))
                throw OperationErrors.TestsetKeyMissing.With(name, string.Join(", ", Names)).In(from);
            using FileSource source = FileSource.Open(path);
            WrittenFile.Write(source.ToLayout(), Path.Combine(folder, name), [path], context);
            if (name.EndsWith(".key", StringComparison.Ordinal))
                File.SetUnixFileMode(Path.Combine(folder, name), KeyMode);
        }
        return new(folder);
    }

    /// <summary>Opens a key and its certificate.</summary>
    public SigningIdentity Open(string name, RunContext context, string? digest = null) => SigningIdentity.Open(
        "testset", new()
        {
            Key = Path.Combine(_folder, name + ".key"),
            Certificate = Path.Combine(_folder, name + ".pem"),
            Digest = digest,
        }, context);

    /// <summary>Writes what firmware has to enrol: certificates in DER, db and dbx as lists.</summary>
    public void WriteEnrolment(RunContext context)
    {
        var certificates = Names.ToDictionary(n => n,
            n => X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(_folder, n + ".pem"))), StringComparer.Ordinal);
        foreach ((string name, X509Certificate2 certificate) in certificates)
            Write(name + ".der", certificate.RawData);
        Write("db.esl", SignatureList.EncodeAll(Names[..^3].Select(n => SignatureList.Of(certificates[n], Owner))));
        Write("dbx.esl", SignatureList.EncodeAll([SignatureList.Of(certificates["revoked"], Owner)]));

        void Write(string name, byte[] content) => WrittenFile.Write(Layout.Of(content), Path.Combine(_folder, name), [], context);
    }

    private static X500DistinguishedName Subject(string name) => new($"CN=KexecSign TEST ONLY {name}");

    private static void Write(string folder, string name, string key, CertificateRequest request, DateTimeOffset from, DateTimeOffset to)
    {
        // Kernel: a certificate that may sign others is no key for .ima.
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        string keyFile = Path.Combine(folder, name + ".key");
        using (var stream = new FileStream(keyFile,
            new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = KeyMode }))
            stream.Write(System.Text.Encoding.ASCII.GetBytes(key + "\n"));
        using X509Certificate2 certificate = request.CreateSelfSigned(from, to);
        File.WriteAllText(Path.Combine(folder, name + ".pem"), certificate.ExportCertificatePem() + "\n");
    }
}
