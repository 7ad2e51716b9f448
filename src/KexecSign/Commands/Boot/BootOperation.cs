using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Settings;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;
using KexecSign.Qemu;

namespace KexecSign.Commands.Boot;

/// <summary>Options of <c>boot</c>.</summary>
public sealed record BootOptions
{
    /// <summary>The image to start.</summary>
    public string File { get; init; } = "";

    /// <summary>Certificates of db; none for a machine without Secure Boot.</summary>
    public ImmutableArray<string> Db { get; init; } = [];

    /// <summary>The firmware's code; null for Debian's of the architecture.</summary>
    public string? Firmware { get; init; }

    /// <summary>A store of variables to begin with; null for Debian's.</summary>
    public string? Variables { get; init; }

    /// <summary>An initrd beside the image; null for none.</summary>
    public string? Initrd { get; init; }

    /// <summary>Kernel parameters besides those for the console.</summary>
    public string? CommandLine { get; init; }

    /// <summary>Part of the line that is waited for.</summary>
    public string Expect { get; init; } = BootOperation.KernelsFirstLine;

    /// <summary>Longest wait for it, in seconds.</summary>
    public int Timeout { get; init; } = BootOperation.Patience;

    /// <summary>The machine's memory in MiB.</summary>
    public int Memory { get; init; } = BootOperation.DefaultMemory;

    /// <summary>Where the console's text goes; null for nowhere.</summary>
    public string? Output { get; init; }
}

/// <summary><c>boot</c>: any image in QEMU, under the firmware and keys asked for.</summary>
internal static class BootOperation
{
    /// <summary>What every kernel says first.</summary>
    public const string KernelsFirstLine = "Linux version ";

    /// <summary>Seconds to wait: a machine without KVM takes one of them for what takes a real one 20 milliseconds.</summary>
    public const int Patience = 300;

    /// <summary>Enough for a distribution's kernel.</summary>
    public const int DefaultMemory = 1024;

    public static Operation<BootOptions, BootResult> Definition { get; } = new()
    {
        Name = "boot",
        Summary = "Start an image in QEMU, under firmware with these keys.",
        Details = "A machine of the image's architecture (arm64, x86_64) with EDK2, whose variables hold the certificates of --db, starts "
            + "the image from a disk. Exit code 0: the line of --expect was said; 4: firmware refused the signature; 1: anything else. "
            + "Nothing stays behind.",
        Body = Run,
        RunsPrograms = true,
        Plan = o =>
        [
            .. PlannedStep.Read([o.File, o.Initrd, o.Firmware, o.Variables, .. o.Db]), new("run", "QEMU"), .. PlannedStep.Write(o.Output),
        ],
        TypedResult = () => BootJson.Default.BootResult,
        MakeArguments = () => [new("FILE", "A kernel Image, vmlinuz.efi, bzImage, unified kernel image or EFI program.",
            (o, v) => o with { File = v })],
        MakeOptions = () =>
        [
            new("db", "CERT", "A certificate of firmware's db, or a bundle of them; without any Secure Boot is off.", (o, v) =>
                o with { Db = o.Db.Add(v) }, repeatable: true) { Trusts = [TrustRole.Db] },
            new("firmware", "FILE", "The firmware's code, instead of Debian's AAVMF or OVMF.", (o, v) => o with { Firmware = v }),
            new("variables", "FILE", "A store of variables for that firmware, whose own keys are dropped.",
                (o, v) => o with { Variables = v }),
            new("initrd", "FILE", "An initrd that the kernel is told to load.", (o, v) => o with { Initrd = v }),
            new("cmdline", "TEXT", "Kernel parameters, besides those for the console.", (o, v) => o with { CommandLine = v },
                kind: OptionKind.Text),
            new("expect", "TEXT", "What the console must say, in one line.", (o, v) => o with { Expect = v }, KernelsFirstLine.Trim(),
                kind: OptionKind.Text),
            new("timeout", "SECONDS", "Longest wait for it.", (o, v) => o with { Timeout = OptionValues.Seconds("timeout", v) }, "300"),
            new("memory", "MIB", "The machine's memory.", (o, v) => o with { Memory = OptionValues.Number("memory", v) }, "1024"),
            new("o", "FILE", "Write what the console said.", (o, v) => o with { Output = v }),
        ],
        Examples =
        [
            new("kexecsign boot vmlinuz.efi --db db.pem", "Does it start under Secure Boot with this key?"),
            new("kexecsign boot uki.efi --db db.pem --expect 'Reached target' -v",
                "Wait for more than the kernel's first line, and watch."),
            new("kexecsign boot vmlinuz.efi --db db.pem --firmware AAVMF_CODE.secboot.strictnx.fd --variables AAVMF_VARS.fd",
                "The same under another firmware."),
        ],
    };

    private static BootResult Run(BootOptions options, RunContext context)
    {
        using FileSource source = FileSource.Open(options.File);
        using FileSource? initrd = options.Initrd is null ? null : FileSource.Open(options.Initrd);
        Layout image = source.ToLayout();
        VirtualFirmware firmware;
        try
        {
            firmware = VirtualFirmware.For(PeReader.Read(image).Machine).With(options.Firmware, options.Variables);
        }
        catch (KexecSignException refused) when (refused.Code.Id.StartsWith("KS1", StringComparison.Ordinal))
        {
            throw refused.In(options.File);
        }
        ImmutableArray<X509Certificate2> db = TrustedCertificates.Open(options.Db, context);
        SecureBootKeys? keys = db.IsEmpty ? null : new() { PlatformKey = db[0], KeyExchangeKeys = [db[0]], Allowed = db };
        // Where the console's text cannot be put is known before the machine runs for minutes.
        using var files = new StagedFiles(options.File);
        string? console = options.Output is null ? null : files.Add(options.Output);
        using WorkFolder work = WorkFolder.Open();
        // panic=-1 restarts at once, and QEMU ends then; without it a panic would look like a hang.
        VirtualMachine.Prepare(work.Path, firmware, image, initrd?.ToLayout(),
            $"console={firmware.Console} panic=-1 {options.CommandLine}".TrimEnd(), keys, context);
        (BootOutcome outcome, string line, string said) = VirtualMachine.Run(
            work.Path, firmware, options.Expect, TimeSpan.FromSeconds(options.Timeout), options.Memory, context);
        if (console is not null)
            WrittenFile.Write(Layout.Of(Encoding.UTF8.GetBytes(said)), console, [], context);
        files.Place();
        return new(options.File, PeConstants.MachineName(firmware.Machine), firmware.Code, keys is not null, outcome, line, options.Output);
    }
}
