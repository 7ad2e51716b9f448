using KexecSign.Fixtures;

namespace KexecSign.Boot.Tests.Uki;

/// <summary>A TPM 2.0 in a process of its own, for one machine.</summary>
internal sealed class SoftwareTpm : IDisposable
{
    private readonly RunningProcess _process;

    public SoftwareTpm(string folder)
    {
        // The address of a Unix socket has 108 bytes; test folders may be deeper.
        Socket = Path.Combine(Path.GetTempPath(), $"ks-{Guid.NewGuid():N}"[..12]);
        _process = new ProcessRun("swtpm", ["socket", "--tpm2", "--tpmstate", $"dir={folder}", "--ctrl", $"type=unixio,path={Socket}", "--terminate"]).Start();
        _process.Until(() => File.Exists(Socket), TimeSpan.FromSeconds(5));
    }

    /// <summary>Path of the control socket that QEMU takes.</summary>
    public string Socket { get; }

    public void Dispose()
    {
        _process.Dispose();
        File.Delete(Socket);
    }
}
