using System.Collections.Immutable;
using System.Text;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Sbat;

/// <summary>
/// The rows of several SBAT tables as one. A row that is there already is not repeated; of rows for one component with different
/// generations all stay, because shim refuses an image as soon as one of them is revoked, and each tells of code that is in it.
/// </summary>
public static class SbatText
{
    /// <summary>The row for the table itself, first in each table.</summary>
    public const string Header = "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md";

    /// <summary>The row by which all unified kernel images can be revoked, as ukify adds it.</summary>
    public const string UkiRow = "uki,1,UKI,uki,1,https://uapi-group.org/specifications/specs/unified_kernel_image/";

    /// <summary>The same for addons.</summary>
    public const string AddonRow =
        "uki-addon,1,UKI Addon,addon,1,https://www.freedesktop.org/software/systemd/man/latest/systemd-stub.html";

    /// <summary>Merges.</summary>
    /// <param name="tables">Tables in order, each with or without its header row; zeros behind the text are padding.</param>
    /// <returns>The text of a .sbat section, ended by a newline.</returns>
    /// <exception cref="KexecSignException">KS1701 when a row cannot be read, KS1524 when it is not read alike by all.</exception>
    public static byte[] Merge(IEnumerable<string> tables)
    {
        var rows = ImmutableArray.CreateBuilder<string>();
        rows.Add(Header);
        foreach (string table in tables)
        {
            foreach (string line in table.TrimStart('\uFEFF').TrimEnd('\0').Split('\n'))
            {
                string row = line.TrimEnd('\r');
                if (row.Length != 0 && !row.StartsWith("sbat,", StringComparison.Ordinal) && !rows.Contains(row))
                    rows.Add(row);
            }
        }
        byte[] text = Encoding.UTF8.GetBytes(string.Join('\n', rows) + "\n");
        SbatTable merged = SbatTable.ReadSection(text);
        return merged.Oddities.IsEmpty ? text : throw FormatErrors.UnsoundSbat.With(string.Join("; ", merged.Oddities));
    }
}
