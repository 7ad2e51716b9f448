using System.Collections.Immutable;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Sbat;

/// <summary>A row of a SBAT table.</summary>
/// <param name="Component">Name that revocations use.</param>
/// <param name="Generation">Counts up with every revocation; 16 bits, as shim keeps it.</param>
public sealed record SbatEntry(string Component, uint Generation);

/// <summary>
/// The content of a <c>.sbat</c> section, or of the SbatLevel variable that revokes by it, as shim 16.1 reads it (sbat.c,
/// parse_sbat_section() and parse_sbat_var_data(); csv.c, parse_csv_data()). What shim takes and its authors never wrote is told in
/// <see cref="Oddities"/>.
/// </summary>
/// <param name="Entries">The rows in order.</param>
public sealed record SbatTable(ImmutableArray<SbatEntry> Entries)
{
    // component, generation, vendor, package, version, url; of a level component, generation and a date in the first row.
    private const int SectionFields = 6;
    private const int LevelFields = 2;

    /// <summary>What shim reads in its own way, in sentences without a full stop.</summary>
    public ImmutableArray<string> Oddities { get; init; } = [];

    /// <summary>Reads a section, all of it: what lies behind the text is padding.</summary>
    /// <exception cref="KexecSignException">KS1701.</exception>
    public static SbatTable ReadSection(ReadOnlySpan<byte> section) => Read(section, SectionFields, SectionFields);

    /// <summary>Reads a SbatLevel: component, generation, and a date in the first row.</summary>
    /// <exception cref="KexecSignException">KS1701.</exception>
    public static SbatTable ReadLevel(ReadOnlySpan<byte> level) => Read(level, LevelFields, LevelFields + 1);

    /// <summary>
    /// The first row of which a level asks a higher generation, by its first row for the same component; null when there is none.
    /// </summary>
    public (SbatEntry Entry, uint Wanted)? RevokedBy(SbatTable level)
    {
        foreach (SbatEntry entry in Entries)
        {
            foreach (SbatEntry wanted in level.Entries)
            {
                if (entry.Component != wanted.Component)
                    continue;
                if (entry.Generation < wanted.Generation)
                    return (entry, wanted.Generation);
                break;
            }
        }
        return null;
    }

    private static SbatTable Read(ReadOnlySpan<byte> bytes, int needed, int most)
    {
        var entries = ImmutableArray.CreateBuilder<SbatEntry>();
        var oddities = ImmutableArray.CreateBuilder<string>();
        if (HasLoneReturn(bytes))
            oddities.Add("a carriage return alone ends a row");
        int end = bytes.IndexOf((byte)0);
        if (end >= 0 && bytes[end..].ContainsAnyExcept((byte)0))
            oddities.Add($"bytes follow the zero at 0x{end:x}");
        List<string[]> rows = SbatRows.Of(bytes, most);
        for (int row = 0; row < rows.Count; row++)
            entries.Add(Entry(rows[row], row + 1, needed, oddities));
        if (entries.Count == 0)
            oddities.Add("it has no row");
        else if (entries[0].Component != "sbat")
            oddities.Add($"the first row is for '{entries[0].Component}' and not for 'sbat'");
        return new(entries.ToImmutable()) { Oddities = oddities.ToImmutable() };
    }

    private static bool HasLoneReturn(ReadOnlySpan<byte> bytes)
    {
        for (int at = bytes.IndexOf((byte)'\r'); at >= 0; at++)
        {
            if (at + 1 == bytes.Length || bytes[at + 1] != '\n')
                return true;
            int next = bytes[(at + 1)..].IndexOf((byte)'\r');
            if (next < 0)
                return false;
            at += next;
        }
        return false;
    }

    private static SbatEntry Entry(string[] cells, int row, int needed, ImmutableArray<string>.Builder oddities)
    {
        if (cells.Length < needed)
            throw FormatErrors.BrokenSbat.With(row, $"it has {cells.Length} field(s), {needed} are needed");
        int empty = Array.FindIndex(cells, c => c.Length == 0);
        if (empty >= 0)
            throw FormatErrors.BrokenSbat.With(row, $"field {empty + 1} is empty");
        ulong number = SbatRows.Number(cells[1]);
        uint generation = unchecked((ushort)number);
        if (cells[1] != $"{generation}")
            oddities.Add($"row {row} has generation '{cells[1]}', which shim reads as {generation}");
        return new(cells[0], generation);
    }
}
