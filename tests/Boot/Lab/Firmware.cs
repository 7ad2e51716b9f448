using System.Collections.Immutable;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uefi;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>AAVMF's flash: its code, and a store of variables with keys and boot entries.</summary>
internal static class Firmware
{
    private const string Code = "/usr/share/AAVMF/AAVMF_CODE.fd", EmptyStore = "/usr/share/AAVMF/AAVMF_VARS.snakeoil.fd";
    private const VariableAttributes Plain = VariableAttributes.NonVolatile | VariableAttributes.BootServices | VariableAttributes.Runtime;

    /// <summary>QEMU's arguments for a machine with this firmware.</summary>
    public static string[] Arguments(string store) =>
    [
        "-machine", "virt,gic-version=max,acpi=off",
        "-drive", $"if=pflash,unit=0,format=raw,readonly=on,file={Code}", "-drive", $"if=pflash,unit=1,format=raw,snapshot=on,file={store}",
    ];

    /// <summary>Writes a store.</summary>
    /// <param name="keys">PK, KEK, db and dbx; empty for a machine without Secure Boot.</param>
    /// <param name="entries">Boot entries by number, tried in this order.</param>
    /// <param name="path">Where it goes.</param>
    public static void Write(IEnumerable<UefiVariable> keys, IReadOnlyList<(ushort Number, BootEntry Entry)> entries, string path)
    {
        VariableStore store = keys.Aggregate(VariableStore.Read(Layout.Of(File.ReadAllBytes(EmptyStore))).Reset(), (s, v) => s.With(v));
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
