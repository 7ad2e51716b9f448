using System.Collections.Immutable;
using System.Formats.Tar;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Programs;

namespace KexecSign.Commands.Template;

/// <summary>
/// A Debian package whose files are read without unpacking it: <c>dpkg-deb</c> opens it, and what is wanted of its tar goes into files
/// whose names are ours. A name in a package leads nowhere.
/// </summary>
internal static class DebPackage
{
    private const long LongestFile = 4L << 30, LongestPackage = 64L << 30;
    private const int LongestField = 4096;

    private static readonly SystemProgram Dpkg = new("dpkg-deb", "read files out of Debian packages", "dpkg");

    /// <summary>Takes files out.</summary>
    /// <param name="deb">The package.</param>
    /// <param name="package">The name that it must have.</param>
    /// <param name="wanted">Paths below its root.</param>
    /// <param name="work">Gets the files.</param>
    /// <param name="folder">A folder there that is not there yet; each file comes into a numbered one below it, under its own name.</param>
    /// <param name="context">Run context.</param>
    /// <returns>Name in <paramref name="work"/> by path in the package; what the package does not have is not among them.</returns>
    /// <exception cref="Formats.Errors.KexecSignException">KS3349, KS5002, KS5003, KS3003, KS3004.</exception>
    public static Dictionary<string, string> Take(
        string deb, string package, ImmutableHashSet<string> wanted, WorkFolder work, string folder, RunContext context)
    {
        try
        {
            string named = Run(["--field", Path.GetFullPath(deb), "Package"], context, Field);
            if (named != package)
                throw OperationErrors.DebUnusable.With($"it says that it is '{Printable.Line(named)}', not '{package}'").In(deb);
            return Run(["--fsys-tarfile", Path.GetFullPath(deb)], context, tar => Files(tar, deb, wanted, work, folder, context));
        }
        catch (Exception broken) when (broken is IOException or InvalidDataException)
        {
            throw OperationErrors.DebUnusable.Because(broken, "its tar is cut or damaged").In(deb);
        }
    }

    private static T Run<T>(string[] arguments, RunContext context, Func<Stream, T> read) =>
        new ChildProgram(Dpkg, arguments, context).Read(context, read);

    private static string Field(Stream output)
    {
        byte[] text = new byte[LongestField];
        return System.Text.Encoding.UTF8.GetString(text, 0, output.ReadAtLeast(text, text.Length, throwOnEndOfStream: false)).Trim();
    }

    private static Dictionary<string, string> Files(
        Stream stream, string deb, ImmutableHashSet<string> wanted, WorkFolder work, string folder, RunContext context)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        using var tar = new TarReader(stream, leaveOpen: true);
        long length = 0;
        while (Next(tar) is { } entry)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            if ((length += entry.Length) > LongestPackage)
                throw OperationErrors.DebUnusable.With($"it unpacks to more than 0x{LongestPackage:x} bytes").In(deb);
            string path = entry.Name.StartsWith("./", StringComparison.Ordinal) ? entry.Name[2..] : entry.Name;
            if (!wanted.Contains(path))
                continue;
            if (Fault(entry, found.ContainsKey(path)) is { } fault)
                throw OperationErrors.DebUnusable.With($"'{path}' {fault}").In(deb);
            string own = $"{folder}/{found.Count}", name = $"{own}/{Path.GetFileName(path)}";
            work.MakeFolder(own);
            work.Put(name, Content(entry), context.Cancellation);
            found.Add(path, name);
        }
        return found;
    }

    private static TarEntry? Next(TarReader tar)
    {
        try
        {
            return tar.GetNextEntry();
        }
        catch (Exception broken) when (IsDamage(broken))
        {
            throw new InvalidDataException("the tar is damaged", broken);
        }
    }

    // What the reader raises for fields that are no numbers, numbers out of range, records that stand twice or lead nowhere.
    private static bool IsDamage(Exception raised) => raised is InvalidDataException or EndOfStreamException or FormatException
        or OverflowException or ArgumentException or InvalidOperationException or NotSupportedException;

    private static Layout Content(TarEntry entry) =>
        entry.DataStream is { } data ? Layout.Of(new TarContent(data, entry.Length)) : Layout.Of(ReadOnlyMemory<byte>.Empty);

    private static string? Fault(TarEntry entry, bool again) => entry switch
    {
        _ when again => "is in it twice",
        { EntryType: not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) } =>
            $"is no regular file but of the tar's kind {entry.EntryType}",
        { Length: > LongestFile } => $"has 0x{entry.Length:x} bytes",
        _ => null,
    };

    // Read once and in order, as whoever writes a file does.
    private sealed class TarContent(Stream data, long length) : IByteSource
    {
        public long Length => length;

        public void Read(long offset, Span<byte> destination)
        {
            try
            {
                data.ReadExactly(destination);
            }
            catch (Exception cut) when (cut is IOException || IsDamage(cut))
            {
                // Whoever writes takes an IOException for the disk's.
                throw new InvalidDataException("the tar ends within a file", cut);
            }
        }
    }
}
