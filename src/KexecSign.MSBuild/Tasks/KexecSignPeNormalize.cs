using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Makes an image canonical: <c>kexecsign pe normalize</c>.</summary>
public sealed class KexecSignPeNormalize() : OperationTask(OperationCatalog.PeNormalize)
{
    /// <summary>The image.</summary>
    [Required]
    public ITaskItem File { get; set; } = null!;

    /// <summary>Output file.</summary>
    public string? Output { get; set; }

    /// <summary>Replace the input.</summary>
    public bool InPlace { get; set; }

    /// <summary>Drop signatures, which cannot survive.</summary>
    public bool DropSignatures { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Files(File);
        values.Path("o", Output);
        values.Flag("in-place", InPlace);
        values.Flag("drop-signatures", DropSignatures);
    }
}
