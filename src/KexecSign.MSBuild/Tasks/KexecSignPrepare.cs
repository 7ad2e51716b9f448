using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Writes out what must be signed elsewhere: <c>kexecsign prepare</c>.</summary>
public sealed class KexecSignPrepare() : OperationTask(OperationCatalog.Prepare)
{
    /// <summary>The files.</summary>
    [Required]
    public ITaskItem[] Files { get; set; } = [];

    /// <summary>Certificate of whoever is to sign.</summary>
    [Required]
    public string Cert { get; set; } = "";

    /// <summary>The bundle's folder.</summary>
    [Required]
    public string Bundle { get; set; } = "";

    /// <summary>What the far side is given: attributes or digest.</summary>
    public string? Level { get; set; }

    /// <summary>Digest to sign: sha256, sha384 or sha512.</summary>
    public string? Digest { get; set; }

    /// <summary>Drop the signatures that are there.</summary>
    public bool Replace { get; set; }

    /// <summary>Keep them and add behind.</summary>
    public bool Append { get; set; }

    /// <summary>Keep them and add in front.</summary>
    public bool Prepend { get; set; }

    /// <summary>Pad a kernel Image so that, signed, it is exactly image_size bytes long.</summary>
    public bool Fit { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Files(Files);
        values.Reference("cert", Cert);
        values.Path("bundle", Bundle);
        values.Text("level", Level);
        values.Text("digest", Digest);
        values.Flag("replace", Replace);
        values.Flag("append", Append);
        values.Flag("prepend", Prepend);
        values.Flag("fit", Fit);
    }
}
