using KexecSign.Fixtures;

namespace KexecSign.Tests.Uki;

/// <summary>A TPM 2.0 in a process of its own, and tpm2-tools to use it.</summary>
internal sealed class SoftwareTpm : IDisposable
{
    private readonly TempFolder _folder;
    private readonly string _socket;
    private readonly RunningProcess _process;

    public SoftwareTpm(TempFolder folder)
    {
        Tool.Require("swtpm", "tpm2_pcrextend");
        _folder = folder;
        // The address of a Unix socket has 108 bytes; test folders may be deeper.
        _socket = Path.Combine(Path.GetTempPath(), $"ks-{Guid.NewGuid():N}"[..12]);
        _process = new ProcessRun("swtpm", ["socket", "--tpm2", "--tpmstate", $"dir={folder.Folder("tpm")}", "--server", $"type=unixio,path={_socket}",
            "--ctrl", $"type=unixio,path={_socket}.ctrl", "--flags", "not-need-init,startup-clear"]).Start();
        _process.Until(() => File.Exists(_socket), TimeSpan.FromSeconds(4));
    }

    /// <summary>How TSS reaches it.</summary>
    public string Tcti => "swtpm:path=" + _socket;

    /// <summary>Extends PCR 11 of the SHA-1 and SHA-256 banks by the digest of bytes.</summary>
    public void Extend(byte[] bytes)
    {
        string sha1 = Sum("-sha1", bytes), sha256 = Sum("-sha256", bytes);
        Tool.Run("tpm2_pcrextend", "-T", Tcti, $"11:sha1={sha1},sha256={sha256}");
    }

    /// <summary>PCR 11 of a bank, lower-case hex.</summary>
    public string Value(string bank)
    {
        string text = Tool.Run("tpm2_pcrread", "-T", Tcti, bank + ":11");
        return text[(text.IndexOf("0x", StringComparison.Ordinal) + 2)..].Trim().ToLowerInvariant();
    }

    /// <summary>The digest of a policy that asks for PCR 11 of a bank as it is now.</summary>
    public string Policy(string bank)
    {
        string session = _folder.At("session"), policy = _folder.At("policy");
        Tool.Run("tpm2_startauthsession", "-T", Tcti, "-S", session);
        Tool.Run("tpm2_policypcr", "-T", Tcti, "-S", session, "-l", bank + ":11", "-L", policy);
        Tool.Run("tpm2_flushcontext", "-T", Tcti, session);
        return Convert.ToHexStringLower(File.ReadAllBytes(policy));
    }

    /// <summary>
    /// Whether the TPM authorizes a policy for PCR 11 as it is now by a signature, for what was sealed with a word: what systemd asks it to
    /// do when a disk is to open. The signature counts for the bytes that the TPM is told were signed.
    /// </summary>
    public bool Authorizes(string publicKey, string bank, byte[] signature, string? word)
    {
        string session = _folder.At("policy-session"), key = _folder.At("key.ctx"), name = _folder.At("key.name"), ticket = _folder.At("ticket");
        string policy = _folder.At("approved");
        byte[] reference = word is null ? [] : Convert.FromHexString(Sum("-sha256", System.Text.Encoding.UTF8.GetBytes(word)));
        Tool.Run("tpm2_loadexternal", "-T", Tcti, "-C", "o", "-G", "rsa", "-u", publicKey, "-c", key, "-n", name);
        Tool.Run("tpm2_startauthsession", "-T", Tcti, "--policy-session", "-S", session);
        try
        {
            Tool.Run("tpm2_policypcr", "-T", Tcti, "-S", session, "-l", bank + ":11", "-L", policy);
            string message = _folder.File("bound", [.. File.ReadAllBytes(policy), .. reference]);
            if (Tool.Ask("tpm2_verifysignature", "-T", Tcti, "-c", key, "-g", "sha256", "-f", "rsassa", "-m", message, "-s", _folder.File("signature", signature),
                "-t", ticket).Exit != 0)
                return false;
            string[] qualified = reference.Length == 0 ? [] : ["-q", _folder.File("reference", reference)];
            Tool.Run("tpm2_policyauthorize", ["-T", Tcti, "-S", session, "-i", policy, .. qualified, "-n", name, "-t", ticket, "-L", _folder.At("authorized")]);
            return true;
        }
        finally
        {
            Tool.Run("tpm2_flushcontext", "-T", Tcti, session);
            Tool.Run("tpm2_flushcontext", "-T", Tcti, "-t");
        }
    }

    public void Dispose()
    {
        _process.Dispose();
        File.Delete(_socket);
        File.Delete(_socket + ".ctrl");
    }

    // openssl, so that not both sides of a comparison hash with .NET.
    private string Sum(string algorithm, byte[] bytes) => Tool.Run("openssl", "dgst", algorithm, "-r", _folder.File("hashed", bytes)).Split(' ')[0];
}
