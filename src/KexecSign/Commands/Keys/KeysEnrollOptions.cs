using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Keys.Pins;
using KexecSign.Signing;

namespace KexecSign.Commands.Keys;

/// <summary>Options of <c>keys enroll</c>.</summary>
public sealed record KeysEnrollOptions
{
    /// <summary>Certificate for PK.</summary>
    public string? PlatformKey { get; init; }

    /// <summary>Certificates for KEK; the first belongs to <see cref="KeyExchangeSigner"/>.</summary>
    public ImmutableArray<string> KeyExchangeKeys { get; init; } = [];

    /// <summary>Certificates for db.</summary>
    public ImmutableArray<string> Allowed { get; init; } = [];

    /// <summary>Certificates for dbx.</summary>
    public ImmutableArray<string> Forbidden { get; init; } = [];

    /// <summary>SHA-256 Authenticode digests for dbx, hexadecimal.</summary>
    public ImmutableArray<string> ForbiddenDigests { get; init; } = [];

    /// <summary>Private key of PK, which signs PK and KEK.</summary>
    public string? PlatformSigner { get; init; }

    /// <summary>Private key of the first KEK, which signs db and dbx.</summary>
    public string? KeyExchangeSigner { get; init; }

    /// <summary>Whether entries are added to what the firmware has; PK cannot be.</summary>
    public bool Append { get; init; }

    /// <summary>Folder for the <c>.auth</c> files.</summary>
    public string? Output { get; init; }

    /// <summary>Variable store of QEMU's firmware to copy and fill; null for none.</summary>
    public string? Store { get; init; }

    /// <summary>Where the filled store goes.</summary>
    public string? StoreOutput { get; init; }

    /// <summary>Time of the update, UTC; null for SOURCE_DATE_EPOCH, or now.</summary>
    public DateTime? Time { get; init; }

    /// <summary>SignatureOwner of the entries.</summary>
    public Guid Owner { get; init; } = OwnerOption.Default;

    /// <summary>Where the PIN comes from when a URI does not say.</summary>
    public PinOptions Pin { get; init; } = new();
}

/// <summary>The options of <c>keys enroll</c> as its faces offer them.</summary>
internal static class KeysEnrollOptionSpecs
{
    public static ImmutableArray<OptionSpec<KeysEnrollOptions>> All { get; } =
    [
        new("pk", "CERT", "Certificate for PK, the platform key.", (o, v) => o with { PlatformKey = v }),
        new("kek", "CERT", "Certificate for KEK. The first is the one of --kek-key.",
            (o, v) => o with { KeyExchangeKeys = o.KeyExchangeKeys.Add(v) }, repeatable: true),
        new("db", "CERT", "Certificate for db: what it signed may run.", (o, v) => o with { Allowed = o.Allowed.Add(v) }, repeatable: true),
        new("dbx", "CERT", "Certificate for dbx: what it signed may not run.", (o, v) => o with { Forbidden = o.Forbidden.Add(v) },
            repeatable: true),
        new("dbx-digest", "HEX", "SHA-256 Authenticode digest for dbx: that image may not run.",
            (o, v) => o with { ForbiddenDigests = o.ForbiddenDigests.Add(Digest(v)) }, repeatable: true),
        new("pk-key", "KEY", "Private key of PK, which signs PK.auth and KEK.auth.", (o, v) => o with { PlatformSigner = v }),
        new("kek-key", "KEY", "Private key of the first KEK, which signs db.auth and dbx.auth.",
            (o, v) => o with { KeyExchangeSigner = v }),
        new("append", null, "Add to what the firmware has instead of replacing it.", (o, _) => o with { Append = true }),
        new("o", "DIR", "Existing folder for the .auth files.", (o, v) => o with { Output = v }),
        new("store", "FILE",
            "Variable store of QEMU's firmware, such as AAVMF_VARS.snakeoil.fd; a copy with nothing else enrolled is written.", (o, v) =>
            o with { Store = v }),
        new("store-out", "FILE", "The copy.", (o, v) => o with { StoreOutput = v }, kind: OptionKind.PathOut),
        new("time", "TIME", "Time of the update, such as 2026-01-31T12:00:00Z; without it SOURCE_DATE_EPOCH, or now. Firmware wants it newer than the last.",
            (o, v) => o with { Time = Moment(v) }),
        new("owner", "GUID", "Owner of the entries; firmware only shows it.", (o, v) => o with { Owner = OwnerOption.Parse(v) }),
        .. SigningOptionSpecs.Pins<KeysEnrollOptions>(o => o.Pin, (o, pin) => o with { Pin = pin }),
    ];

    private static string Digest(string value) =>
        value.Length == 64 && value.All(char.IsAsciiHexDigit)
            ? value
            : throw OperationErrors.OptionValue.With("dbx-digest", value, "64 hexadecimal digits");

    // EFI_TIME knows the years 1900 to 9999 (UEFI 8.3).
    private static DateTime Moment(string value) =>
        DateTime.TryParseExact(value, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime time) && time.Year >= 1900
            ? time
            : throw OperationErrors.OptionValue.With("time", value, "UTC in the form 2026-01-31T12:00:00Z");
}
