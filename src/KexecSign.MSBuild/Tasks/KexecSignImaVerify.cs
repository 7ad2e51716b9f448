using KexecSign.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Checks IMA signatures: <c>kexecsign ima verify</c>.</summary>
public sealed class KexecSignImaVerify() : OperationTask(OperationCatalog.ImaVerify)
{
    /// <summary>The files.</summary>
    [Required]
    public ITaskItem[] Files { get; set; } = [];

    /// <summary>Certificates of the .ima keyring.</summary>
    public ITaskItem[] Cert { get; set; } = [];

    internal override void Give(OptionValues values)
    {
        values.Files(Files);
        values.References("cert", Cert);
    }
}
