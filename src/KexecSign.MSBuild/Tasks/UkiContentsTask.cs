using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>A task that puts contents into a unified kernel image or addon and signs it.</summary>
public abstract class UkiContentsTask : SigningTask
{
    private protected UkiContentsTask(Operation operation)
        : base(operation)
    {
    }

    /// <summary>Initrds, joined in this order.</summary>
    public ITaskItem[] Initrd { get; set; } = [];

    /// <summary>Microcode archives.</summary>
    public ITaskItem[] Ucode { get; set; } = [];

    /// <summary>Kernel command line, or @FILE.</summary>
    public string? Cmdline { get; set; }

    /// <summary>os-release, or @FILE.</summary>
    public string? Osrel { get; set; }

    /// <summary>Version of the kernel, or @FILE.</summary>
    public string? Uname { get; set; }

    /// <summary>Device tree.</summary>
    public string? Dtb { get; set; }

    /// <summary>Device trees of which the one that fits the machine is taken.</summary>
    public ITaskItem[] Dtbauto { get; set; } = [];

    /// <summary>Which machine takes which device tree.</summary>
    public ITaskItem[] Hwids { get; set; } = [];

    /// <summary>Rows for .sbat, or @FILE.</summary>
    public string[] Sbat { get; set; } = [];

    /// <summary>Further sections, each NAME:FILE.</summary>
    public string[] Section { get; set; } = [];

    internal override void Give(OptionValues values)
    {
        base.Give(values);
        values.References("initrd", Initrd);
        values.References("ucode", Ucode);
        values.Content("cmdline", Cmdline);
        values.Content("osrel", Osrel);
        values.Content("uname", Uname);
        values.Path("dtb", Dtb);
        values.References("dtbauto", Dtbauto);
        values.References("hwids", Hwids);
        foreach (string rows in Sbat)
            values.Content("sbat", rows);
        foreach (string section in Section)
            values.Named("section", section);
    }
}
