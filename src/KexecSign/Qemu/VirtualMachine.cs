using System.Text;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uefi;
using KexecSign.Programs;

namespace KexecSign.Qemu;

/// <summary>What became of an image that firmware was told to start.</summary>
public enum BootOutcome
{
    /// <summary>The line that was waited for was said.</summary>
    Started,

    /// <summary>Firmware does not accept its signature.</summary>
    Refused,

    /// <summary>Firmware could not load or start it, or the machine stopped before the line.</summary>
    Failed,

    /// <summary>Time was up.</summary>
    Late,
}

/// <summary>Boots an image in QEMU and waits for a line.</summary>
internal static class VirtualMachine
{
    private const string ImageOnDisk = @"\image.efi", InitrdOnDisk = @"\initrd.img";

    /// <summary>Makes the machine's disk and variables in a folder.</summary>
    /// <param name="folder">An empty folder.</param>
    /// <param name="firmware">The machine.</param>
    /// <param name="image">The image.</param>
    /// <param name="initrd">The initrd beside it; null for none.</param>
    /// <param name="parameters">What the image is told.</param>
    /// <param name="keys">PK, KEK, db and dbx; null for a machine without Secure Boot.</param>
    /// <param name="context">Run context.</param>
    public static void Prepare(string folder, VirtualFirmware firmware, Layout image, Layout? initrd, string parameters,
        SecureBootKeys? keys, RunContext context)
    {
        string disk = Path.Combine(folder, "esp");
        Directory.CreateDirectory(disk);
        // Not \EFI\BOOT: firmware tries that name by itself once more when the boot entry is refused.
        WrittenFile.Write(image, Path.Combine(disk, ImageOnDisk[1..]), [], context);
        if (initrd is not null)
        {
            WrittenFile.Write(initrd, Path.Combine(disk, InitrdOnDisk[1..]), [], context);
            parameters = $"initrd={InitrdOnDisk} {parameters}";
        }
        using FileSource template = FileSource.Open(firmware.Variables);
        UefiVariable[] variables = [.. keys?.ToVariables() ?? [], .. new BootEntry("KexecSign", ImageOnDisk, parameters).ToVariables()];
        FlashFile.Write(Filled(template, variables), Path.Combine(folder, "vars.fd"), context);
    }

    private static Layout Filled(FileSource template, IEnumerable<UefiVariable> variables)
    {
        try
        {
            VariableStore empty = VariableStore.Read(template.ToLayout()).Reset();
            return variables.Aggregate(empty, (store, variable) => store.With(variable)).ToLayout();
        }
        catch (KexecSignException refused)
        {
            throw refused.In(template.Path);
        }
    }

    /// <summary>Runs it.</summary>
    /// <param name="folder">What <see cref="Prepare"/> filled.</param>
    /// <param name="firmware">The machine.</param>
    /// <param name="awaited">Part of the line that ends the run well.</param>
    /// <param name="limit">How long to wait for it.</param>
    /// <param name="memory">The machine's memory in MiB.</param>
    /// <param name="context">Run context; each line of the console is a detail.</param>
    /// <returns>What became of it, the line that says so, and all that was said.</returns>
    public static (BootOutcome Outcome, string Line, string Console) Run(string folder, VirtualFirmware firmware, string awaited,
        TimeSpan limit, int memory, RunContext context)
    {
        var console = new StringBuilder();
        BootOutcome outcome = BootOutcome.Failed;
        string? told = null, complaint = null;
        var qemu = new ChildProgram(firmware.Program, Arguments(firmware, memory), context) { Folder = folder };
        bool inTime = qemu.Watch(context, limit, (said, isError) =>
        {
            string line = ConsoleText.Plain(said);
            if (line.Length == 0)
                return false;
            console.Append(line).Append('\n');
            context.Log.Detail(line);
            // What QEMU itself says ends no boot; when it starts no machine, nothing else is said.
            if (isError)
            {
                complaint = line;
                return false;
            }
            if (Judge(line, awaited) is not { } judged)
            {
                // Not all of these end a boot, but when nothing better follows, they tell why.
                if (outcome == BootOutcome.Failed && (line.Contains("EFI stub: ERROR", StringComparison.Ordinal)
                    || line.Contains("Kernel panic", StringComparison.Ordinal)))
                    told = line;
                return false;
            }
            (outcome, told) = (judged, line);
            return true;
        });
        string says = inTime ? told ?? complaint ?? "the machine stopped without a word"
            : $"nothing of '{awaited}' in {limit.TotalSeconds} seconds";
        return (inTime || outcome != BootOutcome.Failed ? outcome : BootOutcome.Late, says, console.ToString());
    }

    private static string[] Arguments(VirtualFirmware firmware, int memory) =>
    [
        .. firmware.Arguments, "-accel", "tcg", "-m", $"{memory}", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
        "-drive", $"if=pflash,unit=0,format=raw,readonly=on,file={OfDrive(firmware.Code)}",
        "-drive", "if=pflash,unit=1,format=raw,snapshot=on,file=vars.fd",
        "-drive", "if=none,id=esp,format=raw,readonly=on,file=fat:esp", "-device", "virtio-blk-pci,drive=esp",
    ];

    // QEMU runs in another folder, and takes a comma for the end of a value unless there are two.
    private static string OfDrive(string path) => Path.GetFullPath(path).Replace(",", ",,", StringComparison.Ordinal);

    // "Access Denied" is what firmware says of an entry whose signature does not please it; its other words are of other troubles.
    private static BootOutcome? Judge(string line, string awaited) =>
        line.Contains(awaited, StringComparison.Ordinal) ? BootOutcome.Started
        : line.Contains("failed to load Boot0000", StringComparison.Ordinal)
            ? (line.Contains("Access Denied", StringComparison.Ordinal) ? BootOutcome.Refused : BootOutcome.Failed)
        : line.Contains("failed to start Boot0000", StringComparison.Ordinal) ? BootOutcome.Failed
        : null;
}
