using System.Collections.Immutable;
using KexecSign.Boot.Tests.Images;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uefi;
using KexecSign.Judging.Firmwares;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>EDK2 of Debian for an architecture: its code, and a store of variables with keys and boot entries.</summary>
internal sealed record Firmware
{
    private const VariableAttributes Plain = VariableAttributes.NonVolatile | VariableAttributes.BootServices | VariableAttributes.Runtime;

    /// <summary>AAVMF.</summary>
    public static Firmware Arm64 { get; } = new()
    {
        Name = "AAVMF 2022.11",
        Model = FirmwareModel.Edk2202211,
        Program = "qemu-system-aarch64",
        Code = "/usr/share/AAVMF/AAVMF_CODE.fd",
        EmptyStore = "/usr/share/AAVMF/AAVMF_VARS.snakeoil.fd",
        Machine = ["-cpu", "cortex-a57", "-machine", "virt,gic-version=max,acpi=off"],
        Console = "ttyAMA0",
        Booted = "KexecSign: booted",
    };

    /// <summary>OVMF with SMM, which keeps the store from the kernel. No initrd is made for it: a kernel that says its version has been started.</summary>
    public static Firmware Amd64 { get; } = new()
    {
        Name = "OVMF 2022.11",
        Model = FirmwareModel.Edk2202211,
        Program = "qemu-system-x86_64",
        Code = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
        EmptyStore = "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd",
        Machine = ["-cpu", "max", "-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"],
        Console = "ttyS0",
        Booted = "Linux version ",
    };

    /// <summary>How people know it.</summary>
    public required string Name { get; init; }

    /// <summary>The rules that <c>verify</c> has for it.</summary>
    public required FirmwareModel Model { get; init; }

    /// <summary>QEMU.</summary>
    public required string Program { get; init; }

    /// <summary>The kernel's console.</summary>
    public required string Console { get; init; }

    /// <summary>What is said when a kernel runs.</summary>
    public required string Booted { get; init; }

    /// <summary>The firmware's file.</summary>
    public required string Code { get; init; }

    private string[] Machine { get; init; } = [];

    private string EmptyStore { get; init; } = "";

    /// <summary>AAVMF of Debian's sid with strict NX; skips the test when it is not there.</summary>
    public static Firmware RequireNewestArm64() =>
        RequireNewest(Arm64, "AAVMF", FirmwareModel.Edk2202608, "qemu-efi-aarch64_*_arm64", "usr/share/AAVMF", "AAVMF_CODE.secboot.strictnx.fd", "AAVMF_VARS.snakeoil.fd");

    /// <summary>OVMF of Debian's sid with strict NX; skips the test when it is not there.</summary>
    public static Firmware RequireNewestAmd64() =>
        RequireNewest(Amd64, "OVMF", FirmwareModel.Ovmf202608, "ovmf-generic_*_amd64", "usr/share/OVMF", "OVMF_CODE_4M.secboot.strictnx.fd", "OVMF_VARS_4M.snakeoil.fd");

    private static Firmware RequireNewest(Firmware older, string name, FirmwareModel model, string package, string folder, string code, string store)
    {
        string path = DebianKernel.Require(package, Path.Combine(folder, code));
        string version = Path.GetFileName(path[..path.IndexOf("/usr/", StringComparison.Ordinal)]).Split('_')[1];
        return older with { Name = $"{name} {version.Split('+')[0]}, strict NX", Model = model, Code = path, EmptyStore = Path.Combine(Path.GetDirectoryName(path)!, store) };
    }

    /// <summary>QEMU's arguments for a machine with this firmware.</summary>
    /// <param name="store">Its variables.</param>
    /// <param name="keeps">Whether what is written to them stays behind the machine's end.</param>
    public string[] Arguments(string store, bool keeps = false) =>
    [
        .. Machine,
        "-drive", $"if=pflash,unit=0,format=raw,readonly=on,file={Code}", "-drive", $"if=pflash,unit=1,format=raw,snapshot={(keeps ? "off" : "on")},file={store}",
    ];

    /// <summary>Writes a store.</summary>
    /// <param name="keys">PK, KEK, db and dbx; empty for a machine without Secure Boot.</param>
    /// <param name="entries">Boot entries by number, tried in this order.</param>
    /// <param name="path">Where it goes.</param>
    /// <param name="from">A store with what firmware left in it, to begin with; null for an empty one.</param>
    public void Write(IEnumerable<UefiVariable> keys, IReadOnlyList<(ushort Number, BootEntry Entry)> entries, string path, string? from = null)
    {
        VariableStore first = from is null ? VariableStore.Read(Layout.Of(File.ReadAllBytes(EmptyStore))).Reset() : VariableStore.Read(Layout.Of(File.ReadAllBytes(from)));
        VariableStore store = keys.Aggregate(first, (s, v) => s.With(v));
        foreach ((ushort number, BootEntry entry) in entries)
            store = store.With(new($"Boot{number:X4}", EfiGuids.GlobalVariable, Plain, entry.Encode()));
        if (entries.Count > 0)
            store = store.With(new("BootOrder", EfiGuids.GlobalVariable, Plain, entries.SelectMany(e => BitConverter.GetBytes(e.Number)).ToArray()));
        Layout flash = store.With(new("Timeout", EfiGuids.GlobalVariable, Plain, new byte[2])).ToLayout();
        // 64 MiB, nearly all of them zeros.
        byte[] bytes = flash.ReadBytes(0, flash.Length);
        using var file = new FileStream(path, FileMode.Create);
        file.Write(bytes.AsSpan(0, bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1));
        file.SetLength(bytes.Length);
    }

    /// <summary>The variables that turn Secure Boot on.</summary>
    /// <param name="platform">PK and KEK, a DER certificate.</param>
    /// <param name="db">db, as EFI_SIGNATURE_LISTs.</param>
    /// <param name="dbx">dbx, the same; may be empty.</param>
    public static ImmutableArray<UefiVariable> Keys(byte[] platform, byte[] db, byte[] dbx)
    {
        using var certificate = System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificate(platform);
        byte[] owner = SignatureList.Of(certificate, Guid.Empty).Encode();
        return
        [
            .. Variable("db", EfiGuids.ImageSecurityDatabase, db), .. Variable("dbx", EfiGuids.ImageSecurityDatabase, dbx),
            .. Variable("KEK", EfiGuids.GlobalVariable, owner), .. Variable("PK", EfiGuids.GlobalVariable, owner),
        ];
    }

    private static IEnumerable<UefiVariable> Variable(string name, Guid vendor, byte[] value) => value.Length == 0
        ? []
        : [new(name, vendor, UefiVariable.Authenticated, value) { TimeStamp = new(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc) }];
}
