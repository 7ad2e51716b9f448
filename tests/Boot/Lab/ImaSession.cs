using System.Collections.Immutable;
using KexecSign.Fixtures;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>A boot of the lab's kernel with keys of each kind in .ima and .evm, and one that is in neither.</summary>
internal sealed class ImaSession : IDisposable
{
    private readonly Dictionary<string, LabKey> _keys;
    private readonly string _work;
    private readonly LabBench _bench;

    /// <param name="bench">Whose kernel.</param>
    /// <param name="type">The appraise_type of its rule for kernels.</param>
    public ImaSession(LabBench bench, string type)
    {
        _bench = bench;
        _work = bench.Work();
        Kernel = bench.WithoutSecureBoot();
        _keys = new()
        {
            ["mldsa44"] = LabKey.MlDsa(_work, "mldsa44", 44, Program.OpenSsl, certified: true),
            ["mldsa65"] = LabKey.MlDsa(_work, "mldsa65", 65, Program.OpenSsl, certified: true),
            ["mldsa87"] = LabKey.MlDsa(_work, "mldsa87", 87, Program.OpenSsl, certified: true),
            ["rsa"] = LabKey.Rsa(_work, "rsa", certified: true),
            ["p256"] = LabKey.Ecdsa(_work, "p256", certified: true),
            ["other"] = LabKey.MlDsa(_work, "other", 65, Program.OpenSsl),
        };
        foreach (string name in _keys.Keys.Where(k => k != "other"))
        {
            string file = Kernel.Give(_keys[name].DerFile);
            foreach (string keyring in Keyrings)
                Kernel.Add($"{name}{keyring}", $"key {keyring} {file}");
        }
        Kernel.Add("policy", $"policy appraise func=KEXEC_KERNEL_CHECK appraise_type={type}");
    }

    /// <summary>The program, with ML-DSA.</summary>
    public NewerProgram Program { get; } = new();

    /// <summary>The boot.</summary>
    public KernelSession Kernel { get; }

    /// <summary>Options of the certificates that are in the keyrings.</summary>
    public IEnumerable<string> Trusted => _keys.Where(k => k.Key != "other").SelectMany(k => (string[])["--ima-cert", k.Value.CertificateFile]);

    // The lab's kernel of 6.12 has no EVM.
    private ImmutableArray<string> Keyrings => _bench.Series == LabKernel.Next ? [".ima", ".evm"] : [".ima"];

    public void Dispose() => Program.Dispose();

    /// <summary>Fails unless the kernel took the keys that it can: all of them since 7.0, and those that are no ML-DSA before.</summary>
    public void RequireKeys(KernelAnswers answers)
    {
        foreach (string name in _keys.Keys.Where(k => k != "other"))
        {
            bool taken = _bench.Series == LabKernel.Next || !name.StartsWith("mldsa", StringComparison.Ordinal);
            foreach (string keyring in Keyrings)
                (answers.Errno[name + keyring] == 0).ShouldBe(taken, $"{name} in {keyring}: {answers.Errno[name + keyring]}");
        }
        answers.Errno["policy"].ShouldBe(0);
    }

    /// <summary>Options of a key that signs.</summary>
    public string[] Signer(string key) => ["--key", _keys[key].KeyFile, "--cert", _keys[key].CertificateFile];

    /// <summary>A kernel to be signed.</summary>
    public string Copy(string name)
    {
        string copy = Path.Combine(_work, name);
        File.Copy(_bench.Kernel, copy);
        return copy;
    }

    /// <summary>Has OpenSSL's own program sign bytes with a key.</summary>
    public byte[] SignedByOpenSsl(string key, byte[] message)
    {
        string from = Path.Combine(_work, "message"), to = Path.Combine(_work, "signature");
        File.WriteAllBytes(from, message);
        Program.OpenSsl.Run("pkeyutl", "-sign", "-rawin", "-inkey", _keys[key].KeyFile, "-in", from, "-out", to);
        return File.ReadAllBytes(to);
    }

    /// <summary>Whether <c>verify</c> says that IMA of this kernel takes a file once its sidecar is applied.</summary>
    public bool IsVerified(string file) => Program.Run(["verify", file, "--for", "ima", "--applied", "--kernel", _bench.Series, .. Trusted]).Exit switch
    {
        0 => true,
        4 => false,
        var other => throw new InvalidOperationException($"verify ended with {other}"),
    };
}
