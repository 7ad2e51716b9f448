using System.Text.Json;
using KexecSign.Core;
using KexecSign.Core.Reports;
using KexecSign.Core.Settings;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Keys.Pins;

namespace KexecSign.Commands.Keys;

/// <summary>
/// The keys of a token by their labels, for <c>build --keys</c> and as a configuration. The PIN's place is in it, never the PIN.
/// </summary>
internal static class KeysDocument
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="pin">Where the PIN comes from, when the keys' references do not say.</param>
    /// <param name="trust">Whether the certificates are trusted in the roles of their keys.</param>
    /// <param name="context">Run context.</param>
    public static void Write(string path, KeysInitResult keys, PinOptions pin, bool trust, RunContext context)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, ReportDocument.Writing))
        {
            json.WriteStartObject();
            json.WriteStartObject("keys");
            foreach (InitialisedKey key in keys.Keys)
            {
                json.WriteStartObject(key.Label);
                json.WriteString("key", key.Uri);
                json.WriteString("cert", Path.GetFullPath(key.CertificateFile));
                json.WriteEndObject();
            }
            json.WriteEndObject();
            if ((pin.EnvironmentVariable ?? pin.File) is not null)
                WritePin(json, pin);
            if (trust)
                WriteTrust(json, keys);
            json.WriteEndObject();
        }
        bytes.WriteByte((byte)'\n');
        WrittenFile.Write(Layout.Of(bytes.ToArray()), path, [], context);
        // What others can write is not read as a configuration, whatever the umask is.
        File.SetUnixFileMode(path, Mode);
    }

    private static void WritePin(Utf8JsonWriter json, PinOptions pin)
    {
        json.WriteStartObject("pin");
        if (pin.EnvironmentVariable is not null)
            json.WriteString("env", pin.EnvironmentVariable);
        else
            json.WriteString("file", Path.GetFullPath(pin.File!));
        json.WriteEndObject();
    }

    private static void WriteTrust(Utf8JsonWriter json, KeysInitResult keys)
    {
        json.WriteStartObject("trust");
        foreach (IGrouping<TrustRole, InitialisedKey> role in keys.Keys.Where(key => RoleOf(key.Role) is not null)
            .GroupBy(key => RoleOf(key.Role)!.Value))
        {
            json.WriteStartArray(TrustRoles.Name(role.Key));
            foreach (InitialisedKey key in role)
                json.WriteStringValue(Path.GetFullPath(key.CertificateFile));
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static TrustRole? RoleOf(KeyRole role) => role switch
    {
        KeyRole.SecureBoot => TrustRole.Db,
        KeyRole.Kexec => TrustRole.Kexec,
        KeyRole.Ima => TrustRole.Ima,
        KeyRole.Module => TrustRole.Module,
        KeyRole.Ca => null,
        _ => throw new System.Diagnostics.UnreachableException($"{role}"),
    };
}
