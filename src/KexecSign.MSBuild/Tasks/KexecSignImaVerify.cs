using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Checks IMA signatures: <c>kexecsign ima verify</c>.</summary>
public sealed class KexecSignImaVerify() : OperationTask(OperationCatalog.ImaVerify)
{
    /// <summary>Files, folders and patterns.</summary>
    public ITaskItem[] Files { get; set; } = [];

    /// <summary>File with more of them.</summary>
    public string? FilesFrom { get; set; }

    /// <summary>Certificates of the .ima keyring.</summary>
    public ITaskItem[] Cert { get; set; } = [];

    /// <summary>Check the portable EVM signature too.</summary>
    public bool Evm { get; set; }

    /// <summary>Owner and group that EVM covers, as numbers: UID:GID.</summary>
    public string? Owner { get; set; }

    /// <summary>Permission bits that EVM covers, in octal.</summary>
    public string? Mode { get; set; }

    /// <summary>SELinux label that the files get where they are installed.</summary>
    public string? Selinux { get; set; }

    /// <summary>Value of security.capability that the files get, in hex.</summary>
    public string? Capability { get; set; }

    /// <summary>Take the value from there alone: sidecar, security or user.</summary>
    public string? From { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Files(Files);
        values.Path("files-from", FilesFrom);
        values.References("cert", Cert);
        values.Flag("evm", Evm);
        values.Text("owner", Owner);
        values.Text("mode", Mode);
        values.Text("selinux", Selinux);
        values.Text("capability", Capability);
        values.Text("from", From);
    }
}
