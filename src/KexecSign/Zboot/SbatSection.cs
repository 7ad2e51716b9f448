using System.Text;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Sbat;

namespace KexecSign.Zboot;

/// <summary>
/// The <c>.sbat</c> section of an image, by which shim's users can revoke it: rows from a CSV file, joined with those that are there.
/// </summary>
internal static class SbatSection
{
    private const string Name = ".sbat";

    // A row of shim's own takes 70 bytes; what is larger is no table.
    private const long LongestFile = 64 * 1024;

    /// <summary>
    /// The image with the rows of a file. Where the kernel's build has left a section, it is filled again in its place, because nothing
    /// in a finished image can move; otherwise one is added at the end.
    /// </summary>
    /// <param name="image">A canonical, unsigned image.</param>
    /// <param name="path">The CSV file, with or without the header row.</param>
    /// <exception cref="KexecSignException">KS1701 for a row that cannot be read, KS3120 when they do not fit, KS10xx.</exception>
    public static Layout Put(Layout image, string path)
    {
        string rows = Encoding.UTF8.GetString(WholeFile.Read(path, LongestFile, "a table of SBAT rows"));
        PeImage pe = PeReader.Read(image);
        if (pe.FindSection(Name) is not { } section)
            return PeEditor.AddSection(image, Name, Layout.Of(Merged(path, rows)), PeConstants.DiscardableData);
        Layout old = PeEditor.SectionContent(pe, image, Name);
        byte[] merged = Merged(path, Encoding.UTF8.GetString(old.ReadBytes(0, Math.Min(old.Length, LongestFile))), rows);
        if (merged.Length > section.SizeOfRawData)
            throw OperationErrors.SbatRoom.With(merged.Length, section.SizeOfRawData, section.PointerToRawData).In(path);
        byte[] filled = new byte[section.SizeOfRawData];
        merged.CopyTo(filled, 0);
        return image.Overwrite(section.PointerToRawData, filled);
    }

    private static byte[] Merged(string path, params string[] tables)
    {
        try
        {
            return SbatText.Merge(tables);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }
}
