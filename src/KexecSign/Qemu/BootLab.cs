using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Cpio;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;

namespace KexecSign.Qemu;

/// <summary>What to boot, and what the firmware is to trust.</summary>
public sealed record BootLabOptions
{
    /// <summary>The EFI image: a kernel Image or a zboot for arm64. It is not judged here; that is for the firmware.</summary>
    public required string Image { get; init; }

    /// <summary>Program for arm64 that becomes <c>/init</c> of the initrd; it prints the line that the script waits for.</summary>
    public required string Init { get; init; }

    /// <summary>The folder to fill; made when it is not there. It can be moved and copied as a whole.</summary>
    public required string Folder { get; init; }

    /// <summary>db: certificates whose images may run. Empty for a machine without Secure Boot.</summary>
    public ImmutableArray<X509Certificate2> Allowed { get; init; } = [];

    /// <summary>PK; null for the first of <see cref="Allowed"/>.</summary>
    public X509Certificate2? PlatformKey { get; init; }

    /// <summary>KEK; empty for the platform key.</summary>
    public ImmutableArray<X509Certificate2> KeyExchangeKeys { get; init; } = [];

    /// <summary>Kernel parameters besides those that the lab needs.</summary>
    public string Parameters { get; init; } = "";

    /// <summary>Folder of AAVMF_CODE.fd and AAVMF_VARS.snakeoil.fd, from Debian's qemu-efi-aarch64.</summary>
    public string Firmware { get; init; } = "/usr/share/AAVMF";
}

/// <summary>What was made.</summary>
/// <param name="Folder">The folder.</param>
/// <param name="Script">The script that boots the image.</param>
/// <param name="Image">The copy of the image that is booted.</param>
/// <param name="SecureBoot">Whether keys are enrolled, so that firmware refuses what they did not sign.</param>
public sealed record BootLabFiles(string Folder, string Script, string Image, bool SecureBoot);

/// <summary>
/// Makes a folder from which an EFI image boots in QEMU under Secure Boot: firmware, its variables with the keys enrolled, an
/// EFI system partition as a plain folder, and a script.
/// </summary>
public static class BootLab
{
    // Not \EFI\BOOT\BOOTAA64.EFI: firmware tries that name by itself once more when the boot entry is refused.
    private const string ImageOnDisk = @"\vmlinuz.efi";
    private const string InitrdOnDisk = @"\initrd.img";
    private const uint ExecutableMode = 0x1ED;

    /// <summary>Fills the folder.</summary>
    /// <exception cref="KexecSignException">KS10xx (not a PE image), KS16xx, KS3001 to KS3004, KS3501, KS5011.</exception>
    public static BootLabFiles Write(BootLabOptions options, RunContext context)
    {
        string code = RequireFirmware(options, "AAVMF_CODE.fd"), template = RequireFirmware(options, "AAVMF_VARS.snakeoil.fd");
        string disk = Path.Combine(options.Folder, "esp");
        MakeFolder(disk);
        string image = Path.Combine(disk, ImageOnDisk[1..]), script = Path.Combine(options.Folder, "boot.sh");
        CopyImage(options.Image, image, context);
        WriteInitrd(options.Init, Path.Combine(disk, InitrdOnDisk[1..]), context);
        using (FileSource firmware = FileSource.Open(code))
            FlashFile.Write(firmware.ToLayout(), Path.Combine(options.Folder, "firmware.fd"), context);
        using (FileSource variables = FileSource.Open(template))
            FlashFile.Write(Enrol(options, variables.ToLayout(), template), Path.Combine(options.Folder, "vars.fd"), context);
        bool secure = !options.Allowed.IsEmpty;
        WrittenFile.Write(Layout.Of(Encoding.UTF8.GetBytes(BootScript.Text(secure))), script, [], context);
        File.SetUnixFileMode(script, (UnixFileMode)ExecutableMode);
        return new(options.Folder, script, image, secure);
    }

    private static string RequireFirmware(BootLabOptions options, string name)
    {
        string path = Path.Combine(options.Firmware, name);
        return File.Exists(path) ? path : throw OperationErrors.FirmwareMissing.With().In(path);
    }

    private static void MakeFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(path);
        }
    }

    private static void CopyImage(string from, string to, RunContext context)
    {
        using FileSource source = FileSource.Open(from);
        Layout image = source.ToLayout();
        try
        {
            ushort machine = PeReader.Read(image).Machine;
            if (machine != PeConstants.MachineArm64)
                throw OperationErrors.BootLabMachine.With(PeConstants.MachineName(machine), machine, PeConstants.MachineArm64);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(from);
        }
        WrittenFile.Write(image, to, [from], context);
    }

    private static void WriteInitrd(string init, string to, RunContext context)
    {
        using FileSource program = FileSource.Open(init);
        WrittenFile.Write(NewcArchive.Write([("init", ExecutableMode, program.ToLayout())]), to, [init], context);
    }

    private static Layout Enrol(BootLabOptions options, Layout template, string templateFile)
    {
        try
        {
            // panic=-1 restarts at once, and QEMU ends then; without it a panic would look like a hang.
            string parameters = $"initrd={InitrdOnDisk} console=ttyAMA0 panic=-1 {options.Parameters}".TrimEnd();
            ImmutableArray<UefiVariable> entry = new BootEntry("KexecSign", ImageOnDisk, parameters).ToVariables();
            return Keys(options).Concat(entry).Aggregate(VariableStore.Read(template).Reset(), (store, v) => store.With(v)).ToLayout();
        }
        catch (KexecSignException refused)
        {
            throw refused.In(templateFile);
        }
    }

    private static ImmutableArray<UefiVariable> Keys(BootLabOptions options)
    {
        if (options.Allowed.IsEmpty)
            return [];
        X509Certificate2 platform = options.PlatformKey ?? options.Allowed[0];
        var keys = new SecureBootKeys
        {
            PlatformKey = platform,
            KeyExchangeKeys = options.KeyExchangeKeys.IsEmpty ? [platform] : options.KeyExchangeKeys,
            Allowed = options.Allowed,
        };
        return keys.ToVariables();
    }
}
