using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Fuzz;

/// <summary>A folder in memory, a run context and whose certificates are trusted.</summary>
public sealed class FuzzBench : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateDirectory(Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"kexecsign-fuzz-{Environment.ProcessId}-{Guid.NewGuid():N}"));

    public FuzzBench()
    {
        Certificate = At("db.pem");
        File.WriteAllText(Certificate, Signer.Certificate.ExportCertificatePem());
        Key = At("db.key");
        File.WriteAllText(Key, Signer.Key.ExportPkcs8PrivateKeyPem());
    }

    internal static TestSigner Signer => TestSigners.Rsa2048;

    internal RunContext Context { get; } = new() { Keyring = new Keyring() };

    internal string Certificate { get; }

    internal string Key { get; }

    internal string At(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Writes an input where readers of files find it.</summary>
    internal string Put(string name, byte[] content)
    {
        string path = At(name);
        File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose()
    {
        Context.Dispose();
        _folder.Delete(recursive: true);
    }
}
