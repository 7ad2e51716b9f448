using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Takes a parser out of an image: <c>kexecsign bpf extract</c>.</summary>
public sealed class KexecSignBpfExtract() : OperationTask(OperationCatalog.BpfExtract)
{
    /// <summary>The file.</summary>
    [Required]
    public ITaskItem File { get; set; } = null!;

    /// <summary>The section to take out.</summary>
    public string? Section { get; set; }

    /// <summary>Output file.</summary>
    public string? Output { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Files(File);
        values.Text("section", Section);
        values.Path("o", Output);
    }
}
