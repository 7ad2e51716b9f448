using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Puts a parser into an image: <c>kexecsign bpf embed</c>.</summary>
public sealed class KexecSignBpfEmbed() : OperationTask(OperationCatalog.BpfEmbed)
{
    /// <summary>The file.</summary>
    [Required]
    public ITaskItem File { get; set; } = null!;

    /// <summary>The parser object.</summary>
    public string? Parser { get; set; }

    /// <summary>Output file.</summary>
    public string? Output { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Files(File);
        values.Path("parser", Parser);
        values.Path("o", Output);
    }
}
