using System.Text;
using KexecSign.Keys.Errors;

namespace KexecSign.Keys.References;

/// <summary>
/// A parsed PKCS#11 URI (RFC 7512). Text attributes are decoded; null means that the URI does not restrict them.
/// <see cref="ToString"/> leaves the query out and so never shows a PIN or where it lies.
/// </summary>
internal sealed class Pkcs11Uri
{
    private readonly Dictionary<string, string> _path = [];
    private readonly Dictionary<string, byte[]> _query = [];

    private Pkcs11Uri()
    {
    }

    public const string Scheme = "pkcs11:";

    public string? Token => Path("token");

    public string? Manufacturer => Path("manufacturer");

    public string? Serial => Path("serial");

    public string? Model => Path("model");

    public string? LibraryManufacturer => Path("library-manufacturer");

    public string? LibraryDescription => Path("library-description");

    /// <summary>Major and minor version.</summary>
    public (int Major, int Minor)? LibraryVersion { get; private set; }

    /// <summary>CKA_LABEL.</summary>
    public string? Object => Path("object");

    /// <summary>One of <c>public private cert secret-key data</c>.</summary>
    public string? Type => Path("type");

    /// <summary>CKA_ID, raw bytes.</summary>
    public byte[]? Id { get; private set; }

    public string? SlotDescription => Path("slot-description");

    public string? SlotManufacturer => Path("slot-manufacturer");

    public ulong? SlotId { get; private set; }

    /// <summary>A path attribute that this program does not know; such a URI matches nothing (RFC 7512 section 2.3).</summary>
    public string? UnknownAttribute { get; private set; }

    public string? ModuleName => Query("module-name");

    public string? ModulePath => Query("module-path");

    public string? PinSource => Query("pin-source");

    /// <summary>The PIN itself, UTF-8.</summary>
    public byte[]? PinValue => _query.GetValueOrDefault("pin-value");

    public static bool Is(string reference) => reference.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Parses a URI; raises KS2002, KS2003 or KS2004.</summary>
    public static Pkcs11Uri Parse(string text)
    {
        var uri = new Pkcs11Uri();
        int start = Scheme.Length;
        int question = text.IndexOf('?', start);
        int end = question < 0 ? text.Length : question;
        uri.ReadPath(text, start, end);
        if (question >= 0)
            uri.ReadQuery(text, question + 1);
        return uri;
    }

    /// <summary>The path part in canonical form, without any query.</summary>
    public override string ToString() => Compose(_path, Id);

    /// <summary>A URI's path part from attribute values that are not encoded yet.</summary>
    public static string Compose(IEnumerable<KeyValuePair<string, string>> attributes, byte[]? id)
    {
        IEnumerable<string> parts = attributes.Select(pair => $"{pair.Key}={PercentCoding.Encode(Encoding.UTF8.GetBytes(pair.Value))}");
        if (id is not null)
            parts = parts.Append("id=" + string.Concat(id.Select(octet => $"%{octet:X2}")));
        return Scheme + string.Join(';', parts);
    }

    private string? Path(string name) => _path.GetValueOrDefault(name);

    private string? Query(string name) => _query.TryGetValue(name, out byte[]? value) ? Encoding.UTF8.GetString(value) : null;

    private void ReadPath(string text, int start, int end)
    {
        foreach ((string name, byte[] value, int at) in PercentCoding.Attributes(text, start, end, ';'))
        {
            if (name is "pin-value" or "pin-source" or "module-path" or "module-name")
                throw KeyErrors.UriMalformed.With(at, $"'{name}' belongs behind '?'");
            if (_path.ContainsKey(name) || (name == "id" && Id is not null))
                throw KeyErrors.UriAttributeTwice.With(name);
            if (name == "id")
                Id = value;
            else
                _path.Add(name, PercentCoding.Text(value, at));
            Understand(name, at);
        }
    }

    private void Understand(string name, int at)
    {
        switch (name)
        {
            case "token" or "manufacturer" or "serial" or "model" or "library-manufacturer" or "library-description":
            case "object" or "id" or "slot-description" or "slot-manufacturer":
                break;
            case "library-version":
                LibraryVersion = Version(_path[name]) ?? throw KeyErrors.UriMalformed.With(at, "library-version is not MAJOR.MINOR");
                break;
            case "slot-id":
                SlotId = IsNumber(_path[name]) && ulong.TryParse(_path[name], out ulong slot)
                    ? slot
                    : throw KeyErrors.UriMalformed.With(at, "slot-id is not a decimal number");
                break;
            case "type":
                if (_path[name] is not ("public" or "private" or "cert" or "secret-key" or "data"))
                    throw KeyErrors.UriMalformed.With(at, "type is none of public, private, cert, secret-key, data");
                break;
            default:
                UnknownAttribute ??= name;
                break;
        }
    }

    private void ReadQuery(string text, int start)
    {
        foreach ((string name, byte[] value, int _) in PercentCoding.Attributes(text, start, text.Length, '&'))
        {
            if (!_query.TryAdd(name, value))
                throw KeyErrors.UriAttributeTwice.With(name);
        }
        if (_query.ContainsKey("pin-value") && _query.ContainsKey("pin-source"))
            throw KeyErrors.UriPinTwice.With();
    }

    private static (int Major, int Minor)? Version(string text)
    {
        string[] parts = text.Split('.');
        if (parts.Length > 2 || !parts.All(part => IsNumber(part) && part.Length <= 3))
            return null;
        return (int.Parse(parts[0]), parts.Length == 2 ? int.Parse(parts[1]) : 0);
    }

    private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);
}
