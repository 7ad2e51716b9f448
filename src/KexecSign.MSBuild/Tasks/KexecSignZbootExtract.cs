using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Takes the Image out of a zboot image: <c>kexecsign zboot extract</c>.</summary>
public sealed class KexecSignZbootExtract() : OperationTask(OperationCatalog.ZbootExtract)
{
    /// <summary>The file.</summary>
    [Required]
    public ITaskItem File { get; set; } = null!;

    /// <summary>Output file.</summary>
    public string? Output { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Files(File);
        values.Path("o", Output);
    }
}
