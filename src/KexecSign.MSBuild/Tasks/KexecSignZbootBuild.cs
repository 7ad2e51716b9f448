using KexecSign.Catalog;
using KexecSign.Core.Operations;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Links a zboot image: <c>kexecsign zboot build</c>.</summary>
public sealed class KexecSignZbootBuild() : SigningTask(OperationCatalog.ZbootBuild)
{
    /// <summary>The zboot kit.</summary>
    public string? Kit { get; set; }

    /// <summary>The kernel Image.</summary>
    public string? Image { get; set; }

    /// <summary>gzip or zstd.</summary>
    public string? Compression { get; set; }

    /// <summary>Compression level.</summary>
    public string? Level { get; set; }

    /// <summary>Which zstd compresses: own or system.</summary>
    public string? Zstd { get; set; }

    /// <summary>The strongest setting instead of a level.</summary>
    public bool Smallest { get; set; }

    /// <summary>A payload that is compressed already.</summary>
    public string? Payload { get; set; }

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

    /// <summary>Who links: bfd or lld.</summary>
    public string? Linker { get; set; }

    /// <summary>CSV file of SBAT rows.</summary>
    public string? Sbat { get; set; }

    internal override void Give(OptionValues values)
    {
        base.Give(values);
        values.Path("kit", Kit);
        values.Path("sbat", Sbat);
        values.Text("linker", Linker);
        values.Path("image", Image);
        values.Text("compression", Compression);
        values.Text("level", Level);
        values.Text("zstd", Zstd);
        values.Flag("smallest", Smallest);
        values.Path("payload", Payload);
        values.Flag("replace", Replace);
        values.Flag("append", Append);
        values.Flag("prepend", Prepend);
        values.Path("signed-image", SignedImage);
        values.Path("o", Output);
    }
}
