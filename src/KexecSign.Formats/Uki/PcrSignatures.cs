using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Uki;

/// <summary>
/// The JSON in a .pcrsig section, as systemd-measure writes and systemd-cryptsetup reads it. With the bytes to be signed in the
/// place of signatures it is what <c>systemd-measure policy-digest</c> and <c>ukify --policy-digest</c> write.
/// </summary>
public static class PcrSignatures
{
    /// <summary>What is larger was made by no one in good faith.</summary>
    public const int MaxLength = 1 << 20;

    private const int PolicyDigits = 64;

    /// <summary>
    /// Writes the document: one line, without a NUL or newline behind it. An entry without a signature gets what is to be signed.
    /// </summary>
    public static byte[] Write(IEnumerable<PcrSignature> signatures)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            foreach (IGrouping<string, PcrSignature> bank in signatures.GroupBy(s => s.Bank))
            {
                writer.WriteStartArray(bank.Key);
                foreach (PcrSignature signature in bank)
                    Write(writer, signature);
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        return bytes.ToArray();
    }

    // The members in systemd-measure's order.
    private static void Write(Utf8JsonWriter writer, PcrSignature entry)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("pcrs");
        writer.WriteNumberValue(Pcr11.Index);
        writer.WriteEndArray();
        if (entry.KeyFingerprint.Length > 0)
            writer.WriteString("pkfp", entry.KeyFingerprint);
        if (entry.Reference is not null)
            writer.WriteString("ref", entry.Reference);
        writer.WriteString("pol", entry.Policy);
        if (entry.Signature.IsEmpty)
            writer.WriteString("tbs", ToBeSigned(entry));
        else
            writer.WriteBase64String("sig", entry.Signature.Span);
        writer.WriteEndObject();
    }

    /// <summary>The bytes that the signature of an entry is over, lower-case hex.</summary>
    public static string ToBeSigned(PcrSignature entry) =>
        Convert.ToHexStringLower(PolicyReference.Bind(Convert.FromHexString(entry.Policy), entry.Reference));

    /// <summary>Reads the document; zeros and blanks behind it are padding. Entries for other registers are left out.</summary>
    /// <exception cref="KexecSignException">KS1720.</exception>
    public static ImmutableArray<PcrSignature> Read(ReadOnlyMemory<byte> section)
    {
        try
        {
            using var document = JsonDocument.Parse(section[..(section.Span.LastIndexOfAnyExcept((byte)0) + 1)], new() { MaxDepth = 8 });
            var signatures = ImmutableArray.CreateBuilder<PcrSignature>();
            foreach (JsonProperty bank in document.RootElement.EnumerateObject())
            {
                foreach (JsonElement entry in bank.Value.EnumerateArray())
                {
                    if (entry.GetProperty("pcrs").EnumerateArray().Select(pcr => pcr.GetInt32()).SequenceEqual([Pcr11.Index]))
                        signatures.Add(Entry(bank.Name, entry));
                }
            }
            return signatures.ToImmutable();
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw FormatErrors.BrokenPcrSignatures.Because(broken, broken is JsonException json
                ? $"no sound JSON in line {json.LineNumber + 1}"
                : "a member is missing or of another type");
        }
    }

    // What is yet to be signed has "tbs"; what came back from a signer has that and "sig", and need not name the key.
    private static PcrSignature Entry(string bank, JsonElement entry)
    {
        bool offline = entry.TryGetProperty("tbs", out JsonElement signed);
        var read = new PcrSignature(
            bank, offline && !entry.TryGetProperty("pkfp", out _) ? "" : Text(entry, "pkfp"), Text(entry, "pol"),
            offline && !entry.TryGetProperty("sig", out _) ? default(ReadOnlyMemory<byte>) : entry.GetProperty("sig").GetBytesFromBase64(),
            entry.TryGetProperty("ref", out _) ? Reference(Text(entry, "ref")) : null);
        if (offline && (read.Policy.Length != PolicyDigits
            || !ToBeSigned(read).Equals(signed.GetString(), StringComparison.OrdinalIgnoreCase)))
            throw FormatErrors.BrokenPcrSignatures.With("'tbs' is not what 'pol' and 'ref' beside it give");
        return read;
    }

    private static string? Reference(string text)
    {
        try
        {
            return PolicyReference.Checked(text);
        }
        catch (KexecSignException refused)
        {
            throw FormatErrors.BrokenPcrSignatures.Because(refused, "a 'ref' is no word");
        }
    }

    private static string Text(JsonElement entry, string name) => entry.GetProperty(name).GetString() ?? throw new FormatException(name);
}
