using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Compiles a parser: <c>kexecsign bpf compile</c>.</summary>
public sealed class KexecSignBpfCompile() : OperationTask(OperationCatalog.BpfCompile)
{
    /// <summary>The parser's source; none for a built-in parser.</summary>
    public ITaskItem[] File { get; set; } = [];

    /// <summary>A built-in parser: zboot or uki.</summary>
    public string? Parser { get; set; }

    /// <summary>The kernel series: v5, v6 or v7.</summary>
    public string? Abi { get; set; }

    /// <summary>The most bytes that are handed to the kernel in one piece.</summary>
    public string? ImageSize { get; set; }

    /// <summary>Bytes of the ring buffer for it.</summary>
    public string? RingSize { get; set; }

    /// <summary>Folders with further headers.</summary>
    public ITaskItem[] Include { get; set; } = [];

    /// <summary>The compiler: a name on PATH, or an absolute path.</summary>
    public string? Clang { get; set; }

    /// <summary>bpftool: a name on PATH or in /usr/sbin, or an absolute path.</summary>
    public string? Bpftool { get; set; }

    /// <summary>Output file.</summary>
    public string? Output { get; set; }

    internal override void Give(OptionValues values)
    {
        values.Files(File);
        values.Text("parser", Parser);
        values.Text("abi", Abi);
        values.Text("image-size", ImageSize);
        values.Text("ring-size", RingSize);
        foreach (ITaskItem folder in Include)
            values.Path("include", folder.ItemSpec);
        values.Text("clang", Clang);
        values.Text("bpftool", Bpftool);
        values.Path("o", Output);
    }
}
