using KexecSign.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Writes IMA signatures: <c>kexecsign ima sign</c>.</summary>
public sealed class KexecSignImaSign() : SigningTask(OperationCatalog.ImaSign)
{
    /// <summary>The files.</summary>
    [Required]
    public ITaskItem[] Files { get; set; } = [];

    /// <summary>Write FILE.sig, as evmctl does.</summary>
    public bool Sidecar { get; set; }

    /// <summary>Write a tar of the files with SCHILY.xattr.security.ima.</summary>
    public string? Tar { get; set; }

    /// <summary>Set the extended attribute: security or user.</summary>
    public string? Xattr { get; set; }

    internal override void Give(OptionValues values)
    {
        base.Give(values);
        values.Files(Files);
        values.Flag("sidecar", Sidecar);
        values.Path("tar", Tar);
        values.Text("xattr", Xattr);
    }
}
