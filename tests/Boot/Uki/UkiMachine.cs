using System.Collections.Immutable;
using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uefi;

namespace KexecSign.Boot.Tests.Uki;

/// <summary>
/// A machine with edk2 and Secure Boot that starts one image by a boot entry without load options, so that everything else must come
/// from the image itself.
/// </summary>
internal sealed partial class UkiMachine(string folder, bool amd64)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    private string Disk => Path.Combine(folder, "esp");

    /// <summary>Skips the test when QEMU or the firmware is missing.</summary>
    public static void Require(bool amd64)
    {
        Command.Require(amd64 ? "qemu-system-x86_64" : "qemu-system-aarch64", amd64 ? "qemu-system-x86" : "qemu-system-arm");
        Command.Require(amd64 ? "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd" : "/usr/share/AAVMF/AAVMF_VARS.snakeoil.fd", amd64 ? "ovmf" : "qemu-efi-aarch64");
    }

    /// <summary>Puts the image, and addons for it, on the disk and the certificate into db.</summary>
    public UkiMachine With(string image, X509Certificate2 allowed, params string[] addons)
    {
        Directory.CreateDirectory(Path.Combine(Disk, "linux.efi.extra.d"));
        File.Copy(image, Path.Combine(Disk, "linux.efi"), overwrite: true);
        foreach (string addon in addons)
            File.Copy(addon, Path.Combine(Disk, "linux.efi.extra.d", Path.GetFileName(addon)), overwrite: true);
        string template = amd64 ? "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd" : "/usr/share/AAVMF/AAVMF_VARS.snakeoil.fd";
        ImmutableArray<UefiVariable> keys = new SecureBootKeys { PlatformKey = allowed, KeyExchangeKeys = [allowed], Allowed = [allowed] }.ToVariables();
        Layout flash = keys.Concat(new BootEntry("UKI", @"\linux.efi").ToVariables())
            .Aggregate(VariableStore.Read(Layout.Of(File.ReadAllBytes(template))).Reset(), (store, variable) => store.With(variable)).ToLayout();
        File.WriteAllBytes(Path.Combine(folder, "vars.fd"), flash.ReadBytes(0, flash.Length));
        File.Copy(amd64 ? "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd" : "/usr/share/AAVMF/AAVMF_CODE.fd", Path.Combine(folder, "code.fd"), overwrite: true);
        return this;
    }

    /// <summary>Runs until the image powers off or firmware refuses it; gives the console.</summary>
    /// <param name="tpmSocket">Control socket of a software TPM; null for a machine without.</param>
    public string Run(string? tpmSocket = null)
    {
        var start = new ProcessStartInfo(amd64 ? "qemu-system-x86_64" : "qemu-system-aarch64") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in Arguments(tpmSocket))
            start.ArgumentList.Add(argument);
        using Process machine = Process.Start(start)!;
        machine.StandardInput.Close();
        var console = new StringBuilder();
        var since = Stopwatch.StartNew();
        using Timer timer = new(_ => machine.Kill(), null, Patience, Timeout.InfiniteTimeSpan);
        while (machine.StandardOutput.ReadLine() is { } line)
        {
            console.AppendLine(Escapes().Replace(line, "").Replace("\r", ""));
            if (line.Contains("failed to load Boot0000", StringComparison.Ordinal) || line.Contains("failed to start Boot0000", StringComparison.Ordinal))
                machine.Kill();
        }
        machine.WaitForExit();
        if (since.Elapsed > Patience)
            console.AppendLine("(stopped: it took too long)");
        return console.Append(machine.StandardError.ReadToEnd()).ToString();
    }

    private IEnumerable<string> Arguments(string? tpmSocket) =>
    [
        .. amd64
            ? (string[])["-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"]
            : ["-machine", "virt,gic-version=max", "-cpu", "cortex-a57"],
        "-accel", "tcg", "-m", "1024", "-nodefaults", "-display", "none", "-serial", "stdio", "-no-reboot",
        "-drive", $"if=pflash,unit=0,format=raw,readonly=on,file={folder}/code.fd",
        "-drive", $"if=pflash,unit=1,format=raw,snapshot=on,file={folder}/vars.fd",
        "-drive", $"if=none,id=esp,format=raw,readonly=on,file=fat:{Disk}", "-device", "virtio-blk-pci,drive=esp",
        .. tpmSocket is null ? (string[])[] : ["-chardev", $"socket,id=tpm,path={tpmSocket}", "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-tis,tpmdev=tpm0"],
    ];

    [GeneratedRegex("\u001b\\[[0-9;=?]*[A-Za-z]")]
    private static partial Regex Escapes();
}
