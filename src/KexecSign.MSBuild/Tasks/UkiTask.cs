using KexecSign.Core.Operations;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tasks;

/// <summary>A task that makes a unified kernel image.</summary>
public abstract class UkiTask : UkiContentsTask
{
    private protected UkiTask(Operation operation)
        : base(operation)
    {
    }

    /// <summary>The kernel.</summary>
    public string? Linux { get; set; }

    /// <summary>Bitmap that is shown while booting.</summary>
    public string? Splash { get; set; }

    /// <summary>Firmware of which the one that fits the machine is taken.</summary>
    public ITaskItem[] Efifw { get; set; } = [];

    /// <summary>A kexec BPF parser object for the image's own .bpf section.</summary>
    public string? Parser { get; set; }

    /// <summary>Key of the kernel inside (kexec).</summary>
    public string? InnerKey { get; set; }

    /// <summary>Its certificate.</summary>
    public string? InnerCert { get; set; }

    /// <summary>Drop signatures that the kernel carries already.</summary>
    public bool InnerReplace { get; set; }

    /// <summary>Private RSA key that signs PCR 11 policies.</summary>
    public string? PcrKey { get; set; }

    /// <summary>Public key for .pcrpkey, PEM.</summary>
    public string? Pcrpkey { get; set; }

    /// <summary>PCR banks.</summary>
    public string[] PcrBank { get; set; } = [];

    /// <summary>Phase paths.</summary>
    public string[] Phase { get; set; } = [];

    /// <summary>systemd version of the stub.</summary>
    public string? StubVersion { get; set; }

    /// <summary>Output file.</summary>
    public string? Output { get; set; }

    internal override void Give(OptionValues values)
    {
        base.Give(values);
        values.Path("linux", Linux);
        values.Path("splash", Splash);
        values.References("efifw", Efifw);
        values.Path("parser", Parser);
        values.Reference("inner-key", InnerKey);
        values.Reference("inner-cert", InnerCert);
        values.Flag("inner-replace", InnerReplace);
        values.Reference("pcr-key", PcrKey);
        values.Path("pcrpkey", Pcrpkey);
        values.Texts("pcr-bank", PcrBank);
        values.Texts("phase", Phase);
        values.Text("stub-version", StubVersion);
        values.Path("o", Output);
    }
}
