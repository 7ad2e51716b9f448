using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Bench;

/// <summary>What the cases work on: an image, keys in files and in a token, and a folder for what is made.</summary>
internal sealed class Bed
{
    private const string Module = "/usr/lib/softhsm/libsofthsm2.so";

    private Bed(string kexecsign, string kit, string folder)
    {
        KexecSign = kexecsign;
        Kit = kit;
        Folder = folder;
    }

    public string KexecSign { get; }

    public string Image => In("Image");

    public string Signed => In("signed.efi");

    public string Kit { get; }

    public string Folder { get; }

    public string Key => In("key.pem");

    public string Certificate => In("cert.pem");

    public string TokenCertificate => In("token/db.pem");

    /// <summary>The token's key; the PIN is read from a file, never from the command line.</summary>
    public string TokenKey => $"pkcs11:token=bench;object=db?module-path={Module}&pin-source=file:{In("token/pin")}";

    /// <summary>The same for libp11, which takes the module from elsewhere and a line's end for a part of the PIN.</summary>
    public string TokenKeyForEngine => $"pkcs11:token=bench;object=db?pin-source=file:{In("token/pin.bare")}";

    public IReadOnlyDictionary<string, string> TokenEnvironment => new Dictionary<string, string>
    {
        ["SOFTHSM2_CONF"] = In("token/softhsm2.conf"),
        ["PKCS11_MODULE_PATH"] = Module,
    };

    public static string TokenModule => Module;

    /// <summary>What the token takes by itself: rawsign.c with nothing around it. The last arguments are in its head comment.</summary>
    public IReadOnlyList<string> Raw(int threads, params IEnumerable<string> what) =>
        [In("rawsign"), Module, "bench", "db", In("token/pin"), "rsa", $"{threads}", .. what];

    public const int BatchSize = 200;

    public IEnumerable<string> Batch => Enumerable.Range(0, BatchSize).Select(i => In($"batch/{i:000}.efi"));

    public string In(string name) => Path.Combine(Folder, name);

    public static Bed Make(string kexecsign, string image, string kit, string folder, ChildProcess child)
    {
        var bed = new Bed(kexecsign, kit, folder);
        // A copy, because IMA tools write beside their input.
        File.Copy(image, bed.Image, overwrite: true);
        bed.MakeBatch();
        bed.MakeFileKey();
        File.WriteAllText(bed.In("profile.json"),
            """{ "token": "bench", "keys": [ { "label": "db", "role": "secure-boot", "algorithm": "rsa2048", "subject": "CN=KexecSign bench", "certificate": "db.pem" } ] }""");
        child.Run([kexecsign, "keys", "init", "--profile", bed.In("profile.json"), "--directory", bed.In("token")], new Dictionary<string, string>());
        File.WriteAllText(bed.In("token/pin.bare"), File.ReadAllText(bed.In("token/pin")).TrimEnd());
        File.SetUnixFileMode(bed.In("token/pin.bare"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        child.Run(["gcc", "-O2", "-w", "-pthread", "-o", bed.In("rawsign"), Path.Combine(AppContext.BaseDirectory, "rawsign.c"), "-lcrypto"], new Dictionary<string, string>());
        child.Run([kexecsign, "sign", bed.Image, "--key", bed.Key, "--cert", bed.Certificate, "-o", bed.Signed], new Dictionary<string, string>());
        return bed;
    }

    private void MakeBatch()
    {
        foreach (string folder in (string[])["batch", "batch.k", "batch.s", "batch.o"])
            Directory.CreateDirectory(In(folder));
        foreach (string image in Batch)
            SyntheticImage.Write(image, 0x3000);
    }

    private void MakeFileKey()
    {
        using var rsa = RSA.Create(2048);
        var request = new CertificateRequest("CN=KexecSign bench", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(365));
        File.WriteAllText(Certificate, certificate.ExportCertificatePem() + "\n");
        File.WriteAllText(Key, rsa.ExportPkcs8PrivateKeyPem() + "\n");
        File.SetUnixFileMode(Key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
