using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>Builds a unified kernel image: <c>kexecsign uki build</c>.</summary>
public sealed class KexecSignUkiBuild() : UkiTask(OperationCatalog.UkiBuild)
{
    /// <summary>systemd's linux*.efi.stub.</summary>
    public string? Stub { get; set; }

    /// <summary>ID= and TITLE= of the base as a profile, or @FILE.</summary>
    public string? Profile { get; set; }

    /// <summary>Files with further profiles.</summary>
    public ITaskItem[] JoinProfile { get; set; } = [];

    /// <summary>A kexec BPF parser object for the kernel's own .bpf section.</summary>
    public string? InnerParser { get; set; }

    internal override void Give(OptionValues values)
    {
        base.Give(values);
        values.Path("stub", Stub);
        values.Content("profile", Profile);
        values.References("join-profile", JoinProfile);
        values.Path("inner-parser", InnerParser);
    }
}
