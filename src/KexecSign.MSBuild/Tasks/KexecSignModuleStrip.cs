using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Takes appended signatures away: <c>kexecsign module strip</c>.</summary>
public sealed class KexecSignModuleStrip() : OperationTask(OperationCatalog.ModuleStrip)
{
    /// <summary>Files, folders and patterns.</summary>
    public ITaskItem[] Files { get; set; } = [];

    /// <summary>File with more of them.</summary>
    public string? FilesFrom { get; set; }

    /// <summary>Output file for one file, existing folder for several.</summary>
    public string? Output { get; set; }

    /// <summary>Replace the files.</summary>
    public bool InPlace { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Files(Files);
        values.Path("files-from", FilesFrom);
        values.Path("o", Output);
        values.Flag("in-place", InPlace);
    }
}
