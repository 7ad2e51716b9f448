using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Removes signatures from an image: <c>kexecsign signatures remove</c>.</summary>
public sealed class KexecSignSignaturesRemove() : OperationTask(OperationCatalog.SignaturesRemove)
{
    /// <summary>The image.</summary>
    [Required]
    public ITaskItem File { get; set; } = null!;

    /// <summary>Positions in the certificate table, from 0.</summary>
    public string[] Index { get; set; } = [];

    /// <summary>All of them.</summary>
    public bool All { get; set; }

    /// <summary>Output file.</summary>
    public string? Output { get; set; }

    /// <summary>Replace the input.</summary>
    public bool InPlace { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Files(File);
        values.Texts("index", Index);
        values.Flag("all", All);
        values.Path("o", Output);
        values.Flag("in-place", InPlace);
    }
}
