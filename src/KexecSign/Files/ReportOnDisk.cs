using KexecSign.Core;
using KexecSign.Formats.Layouts;

namespace KexecSign.Files;

/// <summary>Reports that a face writes on its own.</summary>
public static class ReportOnDisk
{
    /// <summary>Writes a document to a file that appears whole or not at all.</summary>
    /// <param name="json">The document's bytes.</param>
    /// <param name="path">Where it goes.</param>
    /// <param name="context">Run context.</param>
    public static void Write(byte[] json, string path, RunContext context) => WrittenFile.Write(Layout.Of(json), path, [], context);
}
