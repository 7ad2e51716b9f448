using KexecSign.Catalog;
using KexecSign.Core.Operations;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Packs kernel, initrd and command line: <c>kexecsign bpf envelope</c>.</summary>
public sealed class KexecSignBpfEnvelope() : OperationTask(OperationCatalog.BpfEnvelope)
{
    /// <summary>The zboot image.</summary>
    public string? Kernel { get; set; }

    /// <summary>The initrd.</summary>
    public string? Initrd { get; set; }

    /// <summary>The command line; <c>@</c> and an absolute path reads it from a file.</summary>
    public string? Cmdline { get; set; }

    /// <summary>Output file.</summary>
    public string? Output { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Path("kernel", Kernel);
        values.Path("initrd", Initrd);
        values.Text("cmdline", Cmdline);
        values.Path("o", Output);
    }
}
