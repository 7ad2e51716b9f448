using KexecSign.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Judges a file as its consumers would: <c>kexecsign verify</c>.</summary>
public sealed class KexecSignVerify() : OperationTask(OperationCatalog.Verify)
{
    /// <summary>The file.</summary>
    [Required]
    public ITaskItem File { get; set; } = null!;

    /// <summary>Trusted certificates.</summary>
    public ITaskItem[] Cert { get; set; } = [];

    /// <summary>Consumers: firmware, shim, kexec, ima, bpf or all.</summary>
    public string[] For { get; set; } = [];

    /// <summary>Architecture of the kernel that is to load the file.</summary>
    public string? Arch { get; set; }

    /// <summary>Revocations, as EFI_SIGNATURE_LISTs.</summary>
    public string? Dbx { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Files(File);
        values.References("cert", Cert);
        values.Texts("for", For);
        values.Text("arch", Arch);
        values.Path("dbx", Dbx);
    }
}
