using KexecSign.Operations;
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

    internal override void Give(OptionValues values)
    {
        values.Files(Files);
        values.Path("files-from", FilesFrom);
        values.References("cert", Cert);
    }
}
