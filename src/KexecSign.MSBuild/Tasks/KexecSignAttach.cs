using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Puts signatures that were made elsewhere into their files: <c>kexecsign attach</c>.</summary>
public sealed class KexecSignAttach() : OperationTask(OperationCatalog.Attach)
{
    /// <summary>The bundle's folder.</summary>
    [Required]
    public string Bundle { get; set; } = "";

    /// <summary>Answers that are not in the bundle: files or folders.</summary>
    public ITaskItem[] Answer { get; set; } = [];

    /// <summary>Folder where the images are now.</summary>
    public string? From { get; set; }

    /// <summary>Insist on this certificate.</summary>
    public string? Cert { get; set; }

    /// <summary>Output file for one image, existing folder for several.</summary>
    [Required]
    public string Output { get; set; } = "";

    internal override void Give(OptionValues values)
    {
        values.Path("bundle", Bundle);
        foreach (ITaskItem answer in Answer)
            values.Path("answer", answer.ItemSpec);
        values.Path("from", From);
        values.Reference("cert", Cert);
        values.Path("o", Output);
    }
}
