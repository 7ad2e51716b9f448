using KexecSign.Catalog;
using KexecSign.Commands.Zboot;
using KexecSign.Formats.Zboot;
using KexecSign.Zboot;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>What the build of one of the lab's kernels left, for one compression: a build folder for <c>zboot kit</c>, and the finished image.</summary>
internal sealed class LabTree(string kernel, string architecture, ZbootCompression compression)
{
    private string Name => compression.ToString().ToLowerInvariant();

    private string Folder => Path.Combine(kernel, $"tree-{Name}");

    private string Boot => Path.Combine(Folder, "arch", architecture == "riscv64" ? "riscv" : architecture, "boot");

    /// <summary>The Image that went into it.</summary>
    public string Image => Path.Combine(Boot, "Image");

    /// <summary>The payload as the kernel's build compressed it, with whatever it puts behind.</summary>
    public string Payload => Path.Combine(Boot, "vmlinuz");

    /// <summary>The kernel's own vmlinuz.efi.</summary>
    public string Finished => Path.Combine(kernel, $"vmlinuz-{Name}.efi");

    /// <summary>The tree of a kernel; skips the test when there is none.</summary>
    public static LabTree Require(string series, string architecture, ZbootCompression compression) =>
        new(LabKernel.Require(series, architecture), architecture, compression);

    /// <summary>Captures a kit from it.</summary>
    /// <param name="work">Where the kit goes.</param>
    public string Kit(string work)
    {
        string kit = Path.Combine(work, $"{architecture}-{Name}.kit");
        LabBench.Run(OperationCatalog.ZbootKit, new ZbootKitOptions { BuildFolder = Folder, Output = kit });
        return kit;
    }
}
