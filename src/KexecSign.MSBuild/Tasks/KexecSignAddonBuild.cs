using KexecSign.Catalog;
using KexecSign.Core.Operations;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Builds an addon for unified kernel images: <c>kexecsign addon build</c>.</summary>
public sealed class KexecSignAddonBuild() : UkiContentsTask(OperationCatalog.AddonBuild)
{
    /// <summary>Machine: x86_64, arm64 or riscv64.</summary>
    public string? Arch { get; set; }

    /// <summary>systemd's addon*.efi.stub.</summary>
    public string? Stub { get; set; }

    /// <summary>ID= and TITLE=, or @FILE: makes a profile instead of an addon.</summary>
    public string? Profile { get; set; }

    /// <summary>Output file.</summary>
    public string? Output { get; set; }

    internal override void Give(OptionValues values)
    {
        base.Give(values);
        values.Text("arch", Arch);
        values.Path("stub", Stub);
        values.Content("profile", Profile);
        values.Path("o", Output);
    }
}
