using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Replaces sections of a unified kernel image: <c>kexecsign uki update</c>.</summary>
public sealed class KexecSignUkiUpdate() : UkiTask(OperationCatalog.UkiUpdate)
{
    /// <summary>The image.</summary>
    [Required]
    public ITaskItem File { get; set; } = null!;

    /// <summary>Names of sections that go.</summary>
    public string[] Remove { get; set; } = [];

    /// <summary>Replace the input.</summary>
    public bool InPlace { get; set; }

    internal override void Give(OptionValues values)
    {
        base.Give(values);
        values.Files(File);
        values.Texts("remove", Remove);
        values.Flag("in-place", InPlace);
    }
}
