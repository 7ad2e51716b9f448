using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Uki;

/// <summary>A machine and what it takes.</summary>
/// <param name="Type">1 for a device tree, 2 for firmware.</param>
/// <param name="Id">The machine's computer hardware ID (CHID).</param>
/// <param name="Name">Name for people; empty for none.</param>
/// <param name="Target">The compatible string of the device tree, or the firmware's id.</param>
public sealed record HardwareId(int Type, Guid Id, string Name, string Target);

/// <summary>
/// The .hwids table: entries of 28 bytes (descriptor, CHID, offset of the name, offset of the target), one of zeros, then the strings;
/// numbers little-endian, offsets from the section's start (systemd src/boot/chid.h).
/// </summary>
public static class HardwareIds
{
    /// <summary>What is larger is no such table.</summary>
    public const int MaxLength = 4 << 20;

    private const int EntrySize = 28;

    /// <summary>Whether bytes look like a finished table rather than JSON.</summary>
    public static bool IsTable(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= EntrySize && BinaryPrimitives.ReadUInt32LittleEndian(bytes) is var d && (d & 0x0FFFFFFF) == EntrySize;

    /// <summary>Reads the JSON of one file, as ukify takes it.</summary>
    /// <exception cref="KexecSignException">KS1718.</exception>
    public static ImmutableArray<HardwareId> FromJson(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new() { MaxDepth = 8 });
            JsonElement device = document.RootElement;
            (int type, string target) = Text(device, "type") switch
            {
                "devicetree" => (1, "compatible"),
                "uefi-fw" => (2, "fwid"),
                var other => throw FormatErrors.BrokenHardwareIds.With($"type '{other}' is neither devicetree nor uefi-fw"),
            };
            string name = device.TryGetProperty("name", out _) ? Text(device, "name") : "", what = Text(device, target);
            if ((name + what).Contains('\0') || what.Length == 0)
                throw FormatErrors.BrokenHardwareIds.With($"{target} is empty or has a NUL in it");
            return [.. device.GetProperty("hwids").EnumerateArray()
                .Select(id => new HardwareId(type, Guid.ParseExact((id.GetString() ?? "").Trim('{', '}'), "D"), name, what))];
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw FormatErrors.BrokenHardwareIds.Because(broken, broken is JsonException text
                ? $"no sound JSON in line {text.LineNumber + 1}" : "type, compatible (or fwid) and a list of GUIDs 'hwids' are needed");
        }
    }

    /// <summary>Writes a table.</summary>
    public static byte[] Encode(ImmutableArray<HardwareId> entries)
    {
        int strings = (entries.Length + 1) * EntrySize;
        var text = new List<byte>();
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        byte[] table = new byte[strings];
        for (int i = 0; i < entries.Length; i++)
        {
            Span<byte> entry = table.AsSpan(i * EntrySize, EntrySize);
            BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)entries[i].Type << 28 | EntrySize);
            entries[i].Id.TryWriteBytes(entry[4..]);
            BinaryPrimitives.WriteInt32LittleEndian(entry[20..], Offset(entries[i].Name));
            BinaryPrimitives.WriteInt32LittleEndian(entry[24..], Offset(entries[i].Target));
        }
        return [.. table, .. text];

        int Offset(string value)
        {
            if (value.Length == 0)
                return 0;
            if (!known.TryGetValue(value, out int at))
            {
                known[value] = at = strings + text.Count;
                text.AddRange(Encoding.UTF8.GetBytes(value + "\0"));
            }
            return at;
        }
    }

    /// <summary>Reads a table as the stub does.</summary>
    /// <exception cref="KexecSignException">KS1718.</exception>
    public static ImmutableArray<HardwareId> Read(ReadOnlySpan<byte> table)
    {
        var entries = ImmutableArray.CreateBuilder<HardwareId>();
        for (int at = 0; at + EntrySize <= table.Length; at += EntrySize)
        {
            ReadOnlySpan<byte> entry = table.Slice(at, EntrySize);
            uint descriptor = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            if (descriptor == 0)
                return entries.ToImmutable();
            if ((descriptor & 0x0FFFFFFF) != EntrySize || descriptor >> 28 is not (1 or 2))
                throw FormatErrors.BrokenHardwareIds.With($"the descriptor at 0x{at:x} is 0x{descriptor:x}");
            entries.Add(new((int)(descriptor >> 28), new Guid(entry.Slice(4, 16)), Text(table, entry[20..]), Text(table, entry[24..])));
        }
        throw FormatErrors.BrokenHardwareIds.With($"no entry of zeros ends it within its 0x{table.Length:x} bytes");
    }

    private static string Text(JsonElement device, string name) => device.GetProperty(name).GetString() ?? throw new FormatException(name);

    private static string Text(ReadOnlySpan<byte> table, ReadOnlySpan<byte> field)
    {
        uint offset = BinaryPrimitives.ReadUInt32LittleEndian(field);
        if (offset == 0)
            return "";
        int length = offset < table.Length ? table[(int)offset..].IndexOf((byte)0) : -1;
        return length < 0
            ? throw FormatErrors.BrokenHardwareIds.With($"the string at 0x{offset:x} has no end within its 0x{table.Length:x} bytes")
            : Encoding.UTF8.GetString(table.Slice((int)offset, length));
    }
}
