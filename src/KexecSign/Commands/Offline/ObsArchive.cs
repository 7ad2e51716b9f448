using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Cpio;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.External;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.References;

namespace KexecSign.Commands.Offline;

/// <summary>
/// What the Open Build Service signs and gives back (openSUSE/pesign-obs-integration, brp-99-pesign; open-build-service, bs_signer,
/// rsasign()): <c>NAME.cpio.rsasign</c> holds the attributes of PE images as <c>pesign -E</c> writes them, and all other files as they are;
/// <c>NAME.cpio.rsasign.sig</c> has for each an RSA signature (PKCS#1 v1.5) over its SHA-256, under the name with <c>.sig</c> behind it.
/// </summary>
internal static class ObsArchive
{
    private const uint FileMode = 0x1A4;
    private const int LongestSignature = 1 << 12;

    /// <summary>Whether a path is that of an archive to be signed.</summary>
    public static bool IsRequest(string path) => path.EndsWith(BundleReference.ArchiveEnding, StringComparison.Ordinal);

    /// <summary>Whether bytes begin such an archive.</summary>
    public static bool IsArchive(ReadOnlySpan<byte> bytes) => bytes.StartsWith(NewcHeader.Magic);

    /// <summary>The signatures in an archive that came back.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS1901, KS3728.</exception>
    public static IEnumerable<FoundAnswer> Signatures(byte[] archive, string path) => Members(archive, path).Select(member =>
        member.Content.Length <= LongestSignature
            ? new FoundAnswer(Printable.Line(member.Name), null, member.Content.ReadBytes(0, member.Content.Length))
            : throw OperationErrors.ArchiveUnfit.With(
                $"'{Printable.Line(member.Name)}' has 0x{member.Content.Length:x} bytes and is no signature").In(path));

    /// <summary>The files of an archive.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS1901.</exception>
    public static IEnumerable<NewcMember> Members(byte[] archive, string path) => Members(Layout.Of(archive), path);

    /// <summary>The same of one that is open.</summary>
    public static IEnumerable<NewcMember> Members(Layout archive, string path)
    {
        try
        {
            return NewcReader.Read(archive).Where(member => member.IsFile);
        }
        catch (Formats.Errors.KexecSignException broken)
        {
            throw broken.In(path);
        }
    }

    /// <summary>Writes what was asked of a key; an archive that is there gets it beside what it holds, as of one package.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3728, KS3729.</exception>
    public static BundledResult Write(string path, string operation, ImmutableArray<RequestLog> logs, RunContext context)
    {
        if (logs.Length != 1 || new AbsentKey(logs[0].Certificate).Algorithm != KeyAlgorithm.Rsa)
            throw OperationErrors.ArchiveUnfit.With(logs.Length == 1
                ? "it is signed with RSA alone"
                : $"it is signed by one key, not {logs.Length}").In(path);
        using FileSource? before = File.Exists(path) ? FileSource.OpenReplaceable(path) : null;
        var files = new Dictionary<string, Layout>(StringComparer.Ordinal);
        if (before is not null)
        {
            foreach (NewcMember member in Members(before.ToLayout(), path))
                files[member.Name] = member.Content;
        }
        var open = new List<FileSource>();
        int count = 0;
        try
        {
            foreach (AskedHash asked in logs[0].All)
            {
                FileSource content = FileSource.Open(logs[0].PathOf(Require(asked, path)));
                open.Add(content);
                files[Below(asked.Name)] = content.ToLayout();
                count++;
            }
            IEnumerable<(string, uint, Layout)> members = files.OrderBy(file => file.Key, StringComparer.Ordinal)
                .Select(file => (file.Key, FileMode, file.Value));
            WrittenFile.Write(NewcArchive.Write(members), path, [], context);
        }
        finally
        {
            open.ForEach(source => source.Dispose());
        }
        return new(operation, path, [new(logs[0].Certificate.Subject, null, count, 0)],
            $"Have it signed (the Open Build Service does, or 'kexecsign bundle sign {path}'), and run the same command again with "
            + $"'attach:{path}{BundleReference.SignedEnding}' in the place of 'prepare:{path}'.");
    }

    private static string Require(AskedHash asked, string path) =>
        asked.Algorithm != HashKind.Named("sha256") ? throw OperationErrors.ArchiveUnfit.With(
            $"{asked.Name} is signed over {asked.Algorithm.Word}, and the archive is signed over sha256").In(path)
        : asked.File ?? throw OperationErrors.ArchiveUnfit.With($"of {(asked.Name.Length == 0 ? "what is to be signed" : asked.Name)} only "
            + "the hash is known").In(path);

    // brp-99-pesign names files from the build root on, in which it stands.
    private static string Below(string name)
    {
        string root = Path.GetFullPath("."), path = Path.GetRelativePath(root, Path.GetFullPath(name));
        return name.Length == 0 || path is "." or ".." || path.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(path)
            || Printable.Hides(path)
                ? throw OperationErrors.NotBelow.With(Printable.Line(name), root)
                : path;
    }
}
