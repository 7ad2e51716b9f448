using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Fixtures;

namespace KexecSign.Pipelines.Tests;

/// <summary>
/// A machine of a CI system: a checkout with three small images, their plan, a policy and the profile of a throw-away token; a
/// release token that its owner made before; and kexecsign in PATH. Runs the shell steps of pipelines as they stand.
/// </summary>
internal sealed class Runner : IDisposable
{
    public const string Pin = "Rk4-NeverInAnyLog-20771";

    private readonly TempFolder _folder = new();
    private readonly StringBuilder _log = new();
    private string _path;

    public Runner()
    {
        _folder.Folder("bin");
        File.CreateSymbolicLink(_folder.At("bin/kexecsign"), ProgramUnderTest.Path);
        _path = _folder.At("bin");
        foreach (string folder in new[] { "checkout/keys", "temp", "release", "published" })
            Directory.CreateDirectory(_folder.At(folder));
        for (int i = 0; i < 3; i++)
            File.WriteAllBytes(At($"image{i}"), TestImage.Arm64(i + 1).Bytes);
        File.Copy(Path.Combine(AppContext.BaseDirectory, "demo.profile.json"), At("keys/throwaway.profile.json"));
        File.WriteAllText(At("kernel.plan.json"), """
            {
              "steps": [{ "step": "sign", "key": "db" }, { "step": "ima", "key": "ima" }, { "step": "provenance", "key": "ima" }],
              "images": [
                { "image": "image0", "outputs": { "image": "out/0.efi" } },
                { "image": "image1", "outputs": { "image": "out/1.efi" } },
                { "image": "image2", "outputs": { "image": "out/2.efi" } },
              ],
            }
            """);
        MakeReleaseToken();
        Publish();
    }

    /// <summary>Everything that was said so far.</summary>
    public string Log => _log.ToString();

    /// <summary>Where jobs may put what is theirs.</summary>
    public string Temp => _folder.At("temp");

    /// <summary>The folder that stands for a published release of kexecsign.</summary>
    public string Published => _folder.At("published");

    /// <summary>Its version.</summary>
    public const string Version = "0.1.0";

    /// <summary>SHA-256 of its SHA256SUMS, which users of pipelines pin.</summary>
    public string PublishedSha256 => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Published, "SHA256SUMS"))));

    /// <summary>From here on kexecsign is where a step puts it, and nowhere else.</summary>
    public void HideProgram() => _path = "";

    /// <summary>Puts a folder in front of PATH for the steps that follow, as CI systems do when they are told.</summary>
    public void Prepend(string folder) => _path = $"{folder}:{_path}";

    /// <summary>Folder of the release token, with the file 'pin'.</summary>
    public string ReleaseToken => _folder.At("release");

    /// <summary>A file of kexecsign's repository's folder pipelines.</summary>
    public static string Pipeline(string name) => Path.Combine(AppContext.BaseDirectory, "pipelines", name);

    /// <summary>A path in the checkout.</summary>
    public string At(string name) => _folder.At(Path.Combine("checkout", name));

    /// <summary>Environment of a protected job: the PIN and the token's configuration.</summary>
    public Dictionary<string, string> Release => new() { ["KEXECSIGN_PIN"] = Pin, ["SOFTHSM2_CONF"] = _folder.At("release/softhsm2.conf") };

    /// <summary>Runs a step that must succeed, as CI systems run them: bash, and an end at the first error.</summary>
    public string Run(string script, Dictionary<string, string>? environment = null, string? folder = null)
    {
        (int exit, string output) = Ask(script, environment, folder);
        exit.ShouldBe(0, $"{script}\n{output}");
        return output;
    }

    /// <summary>Runs a step whose exit code is the answer.</summary>
    public (int Exit, string Output) Ask(string script, Dictionary<string, string>? environment = null, string? folder = null)
    {
        var variables = new Dictionary<string, string> { ["PATH"] = ProcessRun.PathBehind(_path, "/usr/sbin"), ["LC_ALL"] = "C" };
        foreach ((string name, string value) in environment ?? [])
            variables[name] = value;
        ProcessAnswer answer = new ProcessRun("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        {
            Folder = folder ?? At(""),
            Environment = variables,
        }.End();
        _log.Append(answer.Said);
        return (answer.Exit, answer.Said);
    }

    /// <summary>All images are there and signed by a certificate, as sbverify sees it.</summary>
    public void RequireSigned(string certificate)
    {
        for (int i = 0; i < 3; i++)
            Tool.Run("sbverify", "--cert", certificate, At($"out/{i}.efi"));
    }

    /// <summary>The release's three images, its joint report, and no word of the PIN in any log or file.</summary>
    public void RequireRelease()
    {
        RequireSigned(At("db.pem"));
        File.ReadAllText(At("report.json")).ShouldContain("\"total\": 3");
        Log.ShouldNotContain(Pin);
        foreach (string file in Directory.EnumerateFiles(At(""), "*", SearchOption.AllDirectories))
            File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(Pin)).ShouldBe(-1, file);
    }

    public void Dispose() => _folder.Dispose();

    // The archive of a release, whose program is the one under test.
    private void Publish()
    {
        string top = $"kexecsign-{Version}", architecture = RuntimeInformation.OSArchitecture is Architecture.Arm64 ? "arm64" : "amd64";
        Directory.CreateDirectory(_folder.At($"archive/{top}/bin"));
        File.CreateSymbolicLink(_folder.At($"archive/{top}/bin/kexecsign"), ProgramUnderTest.Path);
        string archive = $"{top}-linux-{architecture}.tar.gz";
        Tool.Run("tar", "-C", _folder.At("archive"), "-czf", Path.Combine(Published, archive), top);
        File.WriteAllText(Path.Combine(Published, "SHA256SUMS"), $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Published, archive))))}  {archive}\n");
    }

    private void MakeReleaseToken()
    {
        File.WriteAllText(_folder.At("release/pin"), Pin + "\n");
        File.SetUnixFileMode(_folder.At("release/pin"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(_folder.At("release/profile.json"), File.ReadAllText(At("keys/throwaway.profile.json")).Replace("KexecSign demo", "release", StringComparison.Ordinal));
        Run($"kexecsign keys init --profile '{_folder.At("release/profile.json")}' --directory '{_folder.At("release")}' --certificates . "
            + "--plan-keys keys/release.keys.json --pin-env KEXECSIGN_PIN -q", new() { ["KEXECSIGN_PIN"] = Pin });
        string fingerprint = Tool.Run("openssl", "x509", "-in", At("db.pem"), "-noout", "-fingerprint", "-sha256").Split('=')[1].Trim();
        File.WriteAllText(At("release.policy.json"), $$"""
            {
              "certificates": { "db": ["db.pem"], "ima": ["ima.pem"] },
              "consumers": ["firmware", "ima"],
              "signatures": { "outer": { "keys": ["{{fingerprint}}"], "digests": ["sha256"], "validDays": 30, "atMost": 1 } },
              "reproducible": true,
            }
            """);
    }
}
