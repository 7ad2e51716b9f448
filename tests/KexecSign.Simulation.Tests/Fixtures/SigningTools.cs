using System.Diagnostics;
using System.Text.RegularExpressions;

namespace KexecSign.Simulation.Tests.Fixtures;

/// <summary>The real signers, run on files in a folder that goes away with the test.</summary>
internal sealed partial class SigningTools : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("kexecsign-simulation-").FullName;

    /// <summary>Skips the test when a tool is missing; fails it when KEXECSIGN_REQUIRE_TOOLS=1.</summary>
    public static void Require(string tool, string package)
    {
        bool found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, tool)));
        if (!found && Environment.GetEnvironmentVariable("KEXECSIGN_REQUIRE_TOOLS") == "1")
            throw new InvalidOperationException($"{tool} is missing; install the Debian package {package}");
        Skip.IfNot(found, $"{tool} is missing; install the Debian package {package}");
    }

    public byte[] SbSign(byte[] image, TestIdentity signer)
    {
        Require("sbsign", "sbsigntool");
        (string key, string certificate) = signer.WriteTo(Folder);
        return Convert(image, (input, output) => Run("sbsign", "--key", key, "--cert", certificate, "--output", output, input));
    }

    public byte[] OsslSignCode(byte[] image, TestIdentity signer, string hash = "sha256")
    {
        Require("osslsigncode", "osslsigncode");
        (string key, string certificate) = signer.WriteTo(Folder);
        return Convert(image, (input, output) =>
            Run("osslsigncode", "sign", "-certs", certificate, "-key", key, "-h", hash, "-in", input, "-out", output));
    }

    public byte[] PeSign(byte[] image, TestIdentity signer)
    {
        Require("pesign", "pesign");
        Require("certutil", "libnss3-tools");
        Require("openssl", "openssl");
        (string key, string certificate) = signer.WriteTo(Folder);
        string database = Path.Combine(Folder, "nss"), bundle = Path.Combine(Folder, "signer.p12");
        Directory.CreateDirectory(database);
        Run("openssl", "pkcs12", "-export", "-inkey", key, "-in", certificate, "-name", "signer", "-out", bundle, "-passout", "pass:test");
        Run("certutil", "-N", "-d", database, "--empty-password");
        Run("pk12util", "-i", bundle, "-d", database, "-W", "test", "-K", "");
        return Convert(image, (input, output) =>
            Run("pesign", "-n", database, "-c", "signer", "-s", "-i", input, "-o", output, "--force"));
    }

    public string PeSignDigest(byte[] image)
    {
        Require("pesign", "pesign");
        return HexDigest().Match(Run("pesign", "-h", "-i", Write(image))).Value;
    }

    public bool SbVerify(byte[] image, TestIdentity signer)
    {
        Require("sbverify", "sbsigntool");
        (_, string certificate) = signer.WriteTo(Folder);
        return Start("sbverify", "--cert", certificate, Write(image)).ExitCode == 0;
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

    private static string Run(string tool, params string[] arguments)
    {
        (int exitCode, string output) = Start(tool, arguments);
        exitCode.ShouldBe(0, $"{tool} {string.Join(' ', arguments)}\n{output}");
        return output;
    }

    private static (int ExitCode, string Output) Start(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.GetAwaiter().GetResult());
    }

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex HexDigest();
}
