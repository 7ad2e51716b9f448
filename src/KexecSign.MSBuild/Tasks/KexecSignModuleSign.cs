using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Appends signatures to modules: <c>kexecsign module sign</c>.</summary>
public sealed class KexecSignModuleSign() : SigningTask(OperationCatalog.ModuleSign)
{
    /// <summary>Files, folders and patterns.</summary>
    public ITaskItem[] Files { get; set; } = [];

    /// <summary>File with more of them.</summary>
    public string? FilesFrom { get; set; }

    /// <summary>Output file for one file, existing folder for several.</summary>
    public string? Output { get; set; }

    /// <summary>Replace the files.</summary>
    public bool InPlace { get; set; }

    /// <summary>Name the certificate by its SubjectKeyIdentifier.</summary>
    public bool Skid { get; set; }

    /// <summary>Take away an appended signature that is there.</summary>
    public bool Replace { get; set; }

    /// <summary>Leave files alone whose signature holds by this key.</summary>
    public bool SkipSigned { get; set; }

    /// <summary>Write the PKCS#7 to FILE.p7s and leave the file alone.</summary>
    public bool Detached { get; set; }

    /// <summary>Write the PKCS#7 to FILE.p7s besides.</summary>
    public bool SaveSignature { get; set; }

    /// <summary>Append this PKCS#7, made elsewhere, instead of signing.</summary>
    public string? Signature { get; set; }

    internal override void Give(OptionValues values)
    {
        base.Give(values);
        values.Files(Files);
        values.Path("files-from", FilesFrom);
        values.Path("o", Output);
        values.Flag("in-place", InPlace);
        values.Flag("skid", Skid);
        values.Flag("replace", Replace);
        values.Flag("skip-signed", SkipSigned);
        values.Flag("detached", Detached);
        values.Flag("save-signature", SaveSignature);
        values.Path("signature", Signature);
    }
}
