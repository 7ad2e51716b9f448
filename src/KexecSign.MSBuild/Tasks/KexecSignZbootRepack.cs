using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Signs the Image inside a finished zboot image: <c>kexecsign zboot repack</c>.</summary>
public sealed class KexecSignZbootRepack() : SigningTask(OperationCatalog.ZbootRepack)
{
    /// <summary>The zboot image.</summary>
    [Required]
    public ITaskItem File { get; set; } = null!;

    /// <summary>Put this Image in instead.</summary>
    public string? Image { get; set; }

    /// <summary>A kit to link with when the signed Image does not fit.</summary>
    public string? Kit { get; set; }

    /// <summary>Private key that signs instead when the signature of <see cref="SigningTask.Key"/> does not fit.</summary>
    public string? SmallerKey { get; set; }

    /// <summary>Its certificate.</summary>
    public string? SmallerCert { get; set; }

    /// <summary>Leave out chain certificates when the signature does not fit with them.</summary>
    public bool MayDropChain { get; set; }

    /// <summary>Drop the signatures that are there.</summary>
    public bool Replace { get; set; }

    /// <summary>Keep them and add behind.</summary>
    public bool Append { get; set; }

    /// <summary>Keep them and add in front.</summary>
    public bool Prepend { get; set; }

    /// <summary>Keep the signed Image there.</summary>
    public string? SignedImage { get; set; }

    /// <summary>Output file.</summary>
    public string? Output { get; set; }

    /// <summary>Which zstd compresses: own or system.</summary>
    public string? Zstd { get; set; }

    /// <summary>Who links: bfd or lld.</summary>
    public string? Linker { get; set; }

    internal override void Give(OptionValues values)
    {
        base.Give(values);
        values.Files(File);
        values.Path("image", Image);
        values.Path("kit", Kit);
        values.Reference("smaller-key", SmallerKey);
        values.Reference("smaller-cert", SmallerCert);
        values.Flag("may-drop-chain", MayDropChain);
        values.Text("zstd", Zstd);
        values.Text("linker", Linker);
        values.Flag("replace", Replace);
        values.Flag("append", Append);
        values.Flag("prepend", Prepend);
        values.Path("signed-image", SignedImage);
        values.Path("o", Output);
    }
}
