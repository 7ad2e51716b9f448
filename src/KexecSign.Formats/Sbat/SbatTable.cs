using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Sbat;

/// <summary>A row of a SBAT table.</summary>
/// <param name="Component">Name that revocations use.</param>
/// <param name="Generation">Counts up with every revocation.</param>
public sealed record SbatEntry(string Component, uint Generation);

/// <summary>
/// The content of a <c>.sbat</c> section, or of the SbatLevel variable that revokes by it: rows of comma-separated fields
/// (shim, SBAT.md and sbat.c).
/// </summary>
/// <param name="Entries">The rows in order.</param>
public sealed record SbatTable(ImmutableArray<SbatEntry> Entries)
{
    // component, generation, vendor, package, version, url
    private const int SectionFields = 6;
    private const int LevelFields = 2;

    /// <summary>Reads a section; zeros behind the text are padding.</summary>
    /// <exception cref="KexecSignException">KS1701.</exception>
    public static SbatTable ReadSection(ReadOnlySpan<byte> section) => Read(section, SectionFields);

    /// <summary>Reads a SbatLevel: component, generation, and a date in the first row.</summary>
    /// <exception cref="KexecSignException">KS1701.</exception>
    public static SbatTable ReadLevel(ReadOnlySpan<byte> level) => Read(level, LevelFields);

    /// <summary>The first row whose component a level asks a higher generation of; null when there is none.</summary>
    public (SbatEntry Entry, uint Wanted)? RevokedBy(SbatTable level)
    {
        foreach (SbatEntry wanted in level.Entries)
        {
            foreach (SbatEntry entry in Entries)
            {
                if (entry.Component == wanted.Component && entry.Generation < wanted.Generation)
                    return (entry, wanted.Generation);
            }
        }
        return null;
    }

    private static SbatTable Read(ReadOnlySpan<byte> bytes, int fields)
    {
        int end = bytes.IndexOf((byte)0);
        if (end >= 0 && bytes[end..].ContainsAnyExcept((byte)0))
            throw FormatErrors.BrokenSbat.With(1, $"bytes follow the zero at 0x{end:x}");
        string text = Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]).TrimStart('\uFEFF');
        var entries = ImmutableArray.CreateBuilder<SbatEntry>();
        int row = 0;
        foreach (string line in text.Split('\n'))
        {
            row++;
            if (line.TrimEnd('\r').Length != 0)
                entries.Add(Row(line.TrimEnd('\r').Split(','), row, fields));
        }
        if (entries.Count == 0 || entries[0].Component != "sbat")
            throw FormatErrors.BrokenSbat.With(1, "the first row is not for the component 'sbat'");
        return new(entries.ToImmutable());
    }

    private static SbatEntry Row(string[] cells, int row, int fields)
    {
        if (cells.Length < fields)
            throw FormatErrors.BrokenSbat.With(row, $"it has {cells.Length} field(s), {fields} are needed");
        return cells[0].Length != 0 && uint.TryParse(cells[1], NumberStyles.None, CultureInfo.InvariantCulture, out uint generation)
            ? new(cells[0], generation)
            : throw FormatErrors.BrokenSbat.With(row, $"component '{cells[0]}' has generation '{cells[1]}', which must be a number");
    }
}
