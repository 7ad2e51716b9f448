using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Writes IMA signatures: <c>kexecsign ima sign</c>.</summary>
public sealed class KexecSignImaSign() : SigningTask(OperationCatalog.ImaSign)
{
    /// <summary>Files, folders and patterns.</summary>
    public ITaskItem[] Files { get; set; } = [];

    /// <summary>File with more of them.</summary>
    public string? FilesFrom { get; set; }

    /// <summary>Write FILE.sig, as evmctl does.</summary>
    public bool Sidecar { get; set; }

    /// <summary>Write a tar of the files with SCHILY.xattr.security.ima.</summary>
    public string? Tar { get; set; }

    /// <summary>Set the extended attribute: security or user.</summary>
    public string? Xattr { get; set; }

    /// <summary>Write the values in hex, a line for each file.</summary>
    public string? Manifest { get; set; }

    /// <summary>Write a snippet for a Debian package's postinst.</summary>
    public string? Postinst { get; set; }

    /// <summary>Version of the value: 2 or 3.</summary>
    public string? Version { get; set; }

    /// <summary>Sign the fs-verity digest.</summary>
    public bool Verity { get; set; }

    /// <summary>Leave files alone whose signature holds by this key.</summary>
    public bool SkipSigned { get; set; }

    /// <summary>Make a portable EVM signature too.</summary>
    public bool Evm { get; set; }

    /// <summary>Owner and group that EVM covers, as numbers: UID:GID.</summary>
    public string? Owner { get; set; }

    /// <summary>Permission bits that EVM covers, in octal.</summary>
    public string? Mode { get; set; }

    /// <summary>SELinux label that the files get where they are installed.</summary>
    public string? Selinux { get; set; }

    /// <summary>Value of security.capability that the files get, in hex.</summary>
    public string? Capability { get; set; }

    /// <summary>Key id that the value names, 8 hex digits.</summary>
    public string? KeyId { get; set; }

    /// <summary>Write nothing: the values stand in the report.</summary>
    public bool ValuesOnly { get; set; }

    internal override void Give(OptionValues values)
    {
        base.Give(values);
        values.Files(Files);
        values.Flag("sidecar", Sidecar);
        values.Path("tar", Tar);
        values.Text("xattr", Xattr);
        values.Path("files-from", FilesFrom);
        values.Path("manifest", Manifest);
        values.Path("postinst", Postinst);
        values.Text("version", Version);
        values.Flag("verity", Verity);
        values.Flag("skip-signed", SkipSigned);
        values.Flag("evm", Evm);
        values.Text("owner", Owner);
        values.Text("mode", Mode);
        values.Text("selinux", Selinux);
        values.Text("capability", Capability);
        values.Text("key-id", KeyId);
        values.Flag("values-only", ValuesOnly);
    }
}
