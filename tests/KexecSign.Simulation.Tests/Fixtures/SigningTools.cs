using System.Text.RegularExpressions;
using KexecSign.Fixtures;

namespace KexecSign.Simulation.Tests.Fixtures;

/// <summary>The real signers, run on files in a folder that goes away with the test.</summary>
internal sealed partial class SigningTools : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("kexecsign-simulation-").FullName;

    public byte[] SbSign(byte[] image, TestIdentity signer)
    {
        (string key, string certificate) = signer.WriteTo(Folder);
        return Convert(image, (input, output) => Tool.Run("sbsign", "--key", key, "--cert", certificate, "--output", output, input));
    }

    public byte[] OsslSignCode(byte[] image, TestIdentity signer, string hash = "sha256")
    {
        (string key, string certificate) = signer.WriteTo(Folder);
        return Convert(image, (input, output) =>
            Tool.Run("osslsigncode", "sign", "-certs", certificate, "-key", key, "-h", hash, "-in", input, "-out", output));
    }

    public byte[] PeSign(byte[] image, TestIdentity signer)
    {
        (string key, string certificate) = signer.WriteTo(Folder);
        string database = Path.Combine(Folder, "nss"), bundle = Path.Combine(Folder, "signer.p12");
        Directory.CreateDirectory(database);
        Tool.Run(
            "openssl", "pkcs12", "-export", "-inkey", key, "-in", certificate, "-name", "signer", "-out", bundle, "-passout",
            "pass:test");
        Tool.Run("certutil", "-N", "-d", database, "--empty-password");
        Tool.Run("pk12util", "-i", bundle, "-d", database, "-W", "test", "-K", "");
        return Convert(image, (input, output) =>
            Tool.Run("pesign", "-n", database, "-c", "signer", "-s", "-i", input, "-o", output, "--force"));
    }

    public string PeSignDigest(byte[] image)
    {
        return HexDigest().Match(Tool.Run("pesign", "-h", "-i", Write(image))).Value;
    }

    public bool SbVerify(byte[] image, TestIdentity signer)
    {
        (_, string certificate) = signer.WriteTo(Folder);
        return Tool.Ask("sbverify", "--cert", certificate, Write(image)).Exit == 0;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private byte[] Convert(byte[] image, Action<string, string> tool)
    {
        string output = Path.Combine(Folder, Path.GetRandomFileName());
        tool(Write(image), output);
        return File.ReadAllBytes(output);
    }

    private string Write(byte[] image)
    {
        string path = Path.Combine(Folder, Path.GetRandomFileName());
        File.WriteAllBytes(path, image);
        return path;
    }

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex HexDigest();
}
