using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Packs parsers into a parser ELF: <c>kexecsign bpf container</c>.</summary>
public sealed class KexecSignBpfContainer() : SigningTask(OperationCatalog.BpfContainer)
{
    /// <summary>Parser objects, in the order in which the kernel is to try them.</summary>
    public ITaskItem[] Parser { get; set; } = [];

    /// <summary>The parser ELF for the next layer.</summary>
    public string? Nested { get; set; }

    /// <summary>Output file.</summary>
    public string? Output { get; set; }

    internal override void Give(OptionValues values)
    {
        base.Give(values);
        foreach (ITaskItem parser in Parser)
            values.Path("parser", parser.ItemSpec);
        values.Path("nested", Nested);
        values.Path("o", Output);
    }
}
