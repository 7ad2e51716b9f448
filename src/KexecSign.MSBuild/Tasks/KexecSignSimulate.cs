using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Runs an image's parser as a kernel would: <c>kexecsign simulate</c>.</summary>
public sealed class KexecSignSimulate() : OperationTask(OperationCatalog.Simulate)
{
    /// <summary>The image with a parser, or the parser ELF.</summary>
    [Required]
    public ITaskItem File { get; set; } = null!;

    /// <summary>The image that a parser ELF takes apart.</summary>
    public string? Image { get; set; }

    /// <summary>Series of the kernel.</summary>
    public string? Abi { get; set; }

    /// <summary>The caller's initrd.</summary>
    public string? Initrd { get; set; }

    /// <summary>The caller's command line.</summary>
    public string? Cmdline { get; set; }

    /// <summary>Page size of the kernel, in bytes.</summary>
    public string? PageSize { get; set; }

    /// <summary>Folder for the results.</summary>
    public string? Output { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Files(File);
        values.Path("image", Image);
        values.Text("abi", Abi);
        values.Path("initrd", Initrd);
        values.Text("cmdline", Cmdline);
        values.Text("page-size", PageSize);
        values.Path("o", Output);
    }
}
