using System.Diagnostics;

namespace KexecSign.Boot.Tests.Uki;

/// <summary>A TPM 2.0 in a process of its own, for one machine.</summary>
internal sealed class SoftwareTpm : IDisposable
{
    private readonly Process _process;

    public SoftwareTpm(string folder)
    {
        // The address of a Unix socket has 108 bytes; test folders may be deeper.
        Socket = Path.Combine(Path.GetTempPath(), $"ks-{Guid.NewGuid():N}"[..12]);
        _process = Process.Start("swtpm", ["socket", "--tpm2", "--tpmstate", $"dir={folder}", "--ctrl", $"type=unixio,path={Socket}", "--terminate"]);
        for (int i = 0; i < 100 && !File.Exists(Socket); i++)
            Thread.Sleep(50);
    }

    /// <summary>Path of the control socket that QEMU takes.</summary>
    public string Socket { get; }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        File.Delete(Socket);
    }
}
