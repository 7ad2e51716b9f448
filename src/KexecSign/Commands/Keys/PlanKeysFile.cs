using System.Text.Json;
using KexecSign.Core;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Keys.Pins;

namespace KexecSign.Commands.Keys;

/// <summary>The keys of a token as a plan names them: <c>build --keys</c>. The PIN's place is in it, never the PIN.</summary>
internal static class PlanKeysFile
{
    /// <summary>Writes the file.</summary>
    public static void Write(string path, KeysInitResult keys, PinOptions pin, RunContext context)
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
            {
                json.WriteStartObject("pin");
                if (pin.EnvironmentVariable is not null)
                    json.WriteString("env", pin.EnvironmentVariable);
                if (pin.File is not null)
                    json.WriteString("file", Path.GetFullPath(pin.File));
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        bytes.WriteByte((byte)'\n');
        WrittenFile.Write(Layout.Of(bytes.ToArray()), path, [], context);
        // 'build --keys' believes what it says of modules and PINs only where nobody else may write it, whatever the umask.
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }
}
