using KexecSign.Core.Errors;
using KexecSign.Formats.Pe;
using KexecSign.Keys.Files;
using KexecSign.Programs;

namespace KexecSign.Qemu;

/// <summary>A virtual machine with EDK2, and where Debian has its firmware.</summary>
/// <param name="Machine">Machine type of the images that it starts.</param>
/// <param name="Program">QEMU.</param>
/// <param name="Code">The firmware's code.</param>
/// <param name="Variables">A store of variables for it, whose keys do not matter.</param>
/// <param name="Console">The kernel's name for the serial console.</param>
/// <param name="Arguments">QEMU's arguments for the machine.</param>
internal sealed record VirtualFirmware(ushort Machine, SystemProgram Program, string Code, string Variables, string Console,
    string[] Arguments)
{
    private static readonly VirtualFirmware[] All =
    [
        new(PeConstants.MachineArm64, new("qemu-system-aarch64", "start images for arm64", "qemu-system-arm"),
            "/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.snakeoil.fd", "ttyAMA0",
            // Without ACPI, since Debian's firmware of 2022 gives a kernel tables of which it makes no console.
            ["-cpu", "cortex-a57", "-machine", "virt,gic-version=max,acpi=off"]),
        // With SMM, or a kernel could write the variables.
        new(PeConstants.MachineAmd64, new("qemu-system-x86_64", "start images for x86_64", "qemu-system-x86"),
            "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd", "ttyS0",
            ["-cpu", "max", "-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"]),
    ];

    /// <summary>The machine for an image.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS4723.</exception>
    public static VirtualFirmware For(ushort machine) =>
        Array.Find(All, firmware => firmware.Machine == machine) ?? throw OperationErrors.NoMachine.With(
            PeConstants.MachineName(machine), machine,
                string.Join(" and ", All.Select(firmware => PeConstants.MachineName(firmware.Machine))));

    /// <summary>The same with other files, each where it is named.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS5011 when one is missing.</exception>
    public VirtualFirmware With(string? code, string? variables)
    {
        VirtualFirmware other = this with { Code = code ?? Code, Variables = variables ?? Variables };
        foreach (string file in (string[])[other.Code, other.Variables])
        {
            if (!File.Exists(file))
                throw OperationErrors.FirmwareMissing.With().In(file);
            // QEMU reads the code, and nobody here.
            ReadFiles.Note(file);
        }
        return other;
    }
}
