using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Checks appended signatures: <c>kexecsign module verify</c>.</summary>
public sealed class KexecSignModuleVerify() : OperationTask(OperationCatalog.ModuleVerify)
{
    /// <summary>Files, folders and patterns.</summary>
    public ITaskItem[] Files { get; set; } = [];

    /// <summary>File with more of them.</summary>
    public string? FilesFrom { get; set; }

    /// <summary>Certificates of the kernel's keyring.</summary>
    public ITaskItem[] Cert { get; set; } = [];

    internal override void Give(OptionValues values)
    {
        values.Files(Files);
        values.Path("files-from", FilesFrom);
        values.References("cert", Cert);
    }
}
