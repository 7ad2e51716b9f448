using KexecSign.Core.Operations;

namespace KexecSign.MSBuild.Tasks;

/// <summary>A task that signs with one key.</summary>
public abstract class SigningTask : OperationTask
{
    private protected SigningTask(Operation operation)
        : base(operation)
    {
    }

    /// <summary>Private key: a PKCS#11 URI, or a PEM file for tests.</summary>
    public string? Key { get; set; }

    /// <summary>Its certificate: a PKCS#11 URI, or a PEM or DER file.</summary>
    public string? Cert { get; set; }

    /// <summary>Name of an environment variable that holds the PIN; never the PIN.</summary>
    public string? PinEnv { get; set; }

    /// <summary>File whose first line is the PIN.</summary>
    public string? PinFile { get; set; }

    /// <summary>Digest to sign: sha256, sha384 or sha512.</summary>
    public string? Digest { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Reference("key", Key);
        values.Reference("cert", Cert);
        values.Text("pin-env", PinEnv);
        values.Path("pin-file", PinFile);
        values.Text("digest", Digest);
    }
}
