using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Uki;

/// <summary>A signed policy for one value of PCR 11.</summary>
/// <param name="Bank">The bank.</param>
/// <param name="KeyFingerprint">SHA-256 of the RSA public key's PKCS#1 DER, lower-case hex.</param>
/// <param name="Policy">The policy's digest, lower-case hex.</param>
/// <param name="Signature">RSA PKCS#1 v1.5 signature with SHA-256 over the digest's bytes.</param>
public sealed record PcrSignature(string Bank, string KeyFingerprint, string Policy, ReadOnlyMemory<byte> Signature);

/// <summary>The JSON in a .pcrsig section, as systemd-measure writes and systemd-cryptsetup reads it.</summary>
public static class PcrSignatures
{
    /// <summary>What is larger was made by no one in good faith.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>Writes the document: one line, without a NUL or newline behind it, as ukify puts it into an image.</summary>
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
                {
                    writer.WriteStartObject();
                    writer.WriteStartArray("pcrs");
                    writer.WriteNumberValue(Pcr11.Index);
                    writer.WriteEndArray();
                    writer.WriteString("pkfp", signature.KeyFingerprint);
                    writer.WriteString("pol", signature.Policy);
                    writer.WriteBase64String("sig", signature.Signature.Span);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
            }
            writer.WriteEndObject();
        }
        return bytes.ToArray();
    }

    /// <summary>Reads the document; zeros behind it are padding. Entries for other registers are left out.</summary>
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
                        signatures.Add(new(bank.Name, Text(entry, "pkfp"), Text(entry, "pol"), entry.GetProperty("sig").GetBytesFromBase64()));
                }
            }
            return signatures.ToImmutable();
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw FormatErrors.BrokenPcrSignatures.Because(broken, broken is JsonException json ? $"no sound JSON in line {json.LineNumber + 1}" : "a member is missing or of another type");
        }
    }

    private static string Text(JsonElement entry, string name) => entry.GetProperty(name).GetString() ?? throw new FormatException(name);
}
