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

    public void Dispose()
    {
        _process.Dispose();
        File.Delete(_socket);
        File.Delete(_socket + ".ctrl");
    }

    // openssl, so that not both sides of a comparison hash with .NET.
    private string Sum(string algorithm, byte[] bytes) => Tool.Run("openssl", "dgst", algorithm, "-r", _folder.File("hashed", bytes)).Split(' ')[0];
}
