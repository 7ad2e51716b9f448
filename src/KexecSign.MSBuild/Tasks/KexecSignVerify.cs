using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Judges a file as its consumers would: <c>kexecsign verify</c>.</summary>
public sealed class KexecSignVerify() : OperationTask(OperationCatalog.Verify)
{
    /// <summary>The file.</summary>
    [Required]
    public ITaskItem File { get; set; } = null!;

    /// <summary>Trusted certificates for a file that is judged by one kind of signature.</summary>
    public ITaskItem[] Cert { get; set; } = [];

    /// <summary>Certificates of the kernel's keyrings.</summary>
    public ITaskItem[] KexecCert { get; set; } = [];

    /// <summary>Certificates of the .ima keyring.</summary>
    public ITaskItem[] ImaCert { get; set; } = [];

    /// <summary>Ask IMA about the file as it will be once its sidecar is applied.</summary>
    public bool Applied { get; set; }

    /// <summary>Ask only whether the signatures hold, whoever made them.</summary>
    public bool NoTrust { get; set; }

    /// <summary>Consumers: firmware, shim, kexec, ima, bpf or all.</summary>
    public string[] For { get; set; } = [];

    /// <summary>Architecture of the kernel that is to load the file.</summary>
    public string? Arch { get; set; }

    /// <summary>Revocations, as EFI_SIGNATURE_LISTs.</summary>
    public string? Dbx { get; set; }

    /// <summary>What firmware allows: certificates, bundles of them, or EFI_SIGNATURE_LISTs.</summary>
    public ITaskItem[] Db { get; set; } = [];

    /// <summary>Machine owner keys.</summary>
    public ITaskItem[] Mok { get; set; } = [];

    /// <summary>MokListX, as EFI_SIGNATURE_LISTs.</summary>
    public string? Mokx { get; set; }

    /// <summary>SbatLevel, as CSV.</summary>
    public string? SbatLevel { get; set; }

    /// <summary>What a signer's certificate that is out of date means: warn or fail.</summary>
    public string? Expired { get; set; }

    /// <summary>A policy that the file must satisfy.</summary>
    public string? Policy { get; set; }

    /// <summary>Timestamp authorities that are trusted where dates count.</summary>
    public ITaskItem[] Tsa { get; set; } = [];

    internal override void Give(OptionValues values)
    {
        values.Files(File);
        values.References("cert", Cert);
        values.Texts("for", For);
        values.Text("arch", Arch);
        values.Path("dbx", Dbx);
        values.References("db", Db);
        values.References("kexec-cert", KexecCert);
        values.References("ima-cert", ImaCert);
        values.Flag("applied", Applied);
        values.Flag("no-trust", NoTrust);
        values.References("mok", Mok);
        values.Path("mokx", Mokx);
        values.Path("sbat-level", SbatLevel);
        values.Text("expired", Expired);
        values.Path("policy", Policy);
        values.References("tsa", Tsa);
    }
}
