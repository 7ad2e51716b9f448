using System.Collections.Immutable;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;

namespace KexecSign.Commands.Template;

/// <summary>A file to sign.</summary>
/// <param name="Entry">What the template says of it.</param>
/// <param name="Shown">The file as reports name it.</param>
/// <param name="Source">The file that is read.</param>
internal sealed record TemplateSource(TemplateEntry Entry, SelectedFile Shown, SelectedFile Source);

/// <summary>Where the files of a template are: below the folder of an unpacked package, or in a package.</summary>
internal sealed class TemplateSources : IDisposable
{
    private const string Ending = ".deb";
    private const int MostNamed = 5;

    private readonly WorkFolder? _work;

    private TemplateSources(ImmutableArray<TemplateSource> files, WorkFolder? work)
    {
        Files = files;
        _work = work;
    }

    /// <summary>The files, in the template's order.</summary>
    public ImmutableArray<TemplateSource> Files { get; }

    /// <summary>Where each package is: a folder, or a .deb.</summary>
    /// <exception cref="KexecSignException">KS3347, KS3002.</exception>
    public static ImmutableArray<(TemplatePackage Package, string Place)> Places(TemplateDocument template, ImmutableArray<string> from)
    {
        try
        {
            return [.. template.Packages.Where(package => !package.Files.IsEmpty).Select(package => (package, Place(package.Name, from)))];
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.InputUnreadable.Because(denied, FileFailure.Reason(denied)).In(string.Join(", ", from));
        }
    }

    /// <summary>Whether a place is a package that is not unpacked.</summary>
    public static bool IsPacked(string place) => !Directory.Exists(place);

    /// <summary>Finds every file and takes it out of its package, before anything is signed.</summary>
    /// <exception cref="KexecSignException">KS3002, KS3051, KS3347-KS3349, KS5002, KS5003.</exception>
    public static TemplateSources Open(TemplateDocument template, ImmutableArray<string> from, RunContext context)
    {
        ImmutableArray<(TemplatePackage Package, string Place)> places = Places(template, from);
        WorkFolder? work = places.Any(place => IsPacked(place.Place)) ? WorkFolder.Open() : null;
        try
        {
            var missing = new List<string>();
            ImmutableArray<TemplateSource> files = [.. places.SelectMany((at, i) => IsPacked(at.Place)
                ? Packed(at.Package, at.Place, work!, $"{i}", missing, context) : Unpacked(at.Package, at.Place, missing))];
            if (missing.Count > 0)
                throw OperationErrors.TemplateFilesMissing.With(missing.Count, template.Entries.Count(), Named(missing)).In(template.Path);
            return new(files, work);
        }
        catch
        {
            work?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _work?.Dispose();

    private static string Place(string package, ImmutableArray<string> from)
    {
        string[] found = [.. from.SelectMany(place => Candidates(package, place)).Distinct()];
        return found is [var only] ? only : throw OperationErrors.TemplatePackage.With(
            package, found.Length == 0 ? "nothing" : $"more than one ({string.Join(", ", found)})", string.Join(", ", from));
    }

    private static IEnumerable<string> Candidates(string package, string place)
    {
        if (!Directory.Exists(place))
            return IsOf(package, place) ? [place] : [];
        string unpacked = Path.Combine(place, package);
        // Files are opened without following links below the package's folder, so that folder must be no link itself.
        if (FileFacts.Of(unpacked, followLink: false) is { Kind: FileKind.Link })
            throw OperationErrors.TemplatePackage.With(package, "a symbolic link", place);
        IEnumerable<string> packed = Directory.GetFiles(place).Where(file => IsOf(package, file)).Order(StringComparer.Ordinal);
        return Directory.Exists(unpacked) ? packed.Prepend(unpacked) : packed;
    }

    private static bool IsOf(string package, string file) =>
        Path.GetFileName(file) is var name && name.StartsWith(package + "_", StringComparison.Ordinal)
        && name.EndsWith(Ending, StringComparison.Ordinal);

    private static IEnumerable<TemplateSource> Unpacked(TemplatePackage package, string folder, List<string> missing)
    {
        foreach (TemplateEntry entry in package.Files)
        {
            var file = SelectedFile.In(folder, entry.Path);
            if (Exists(file))
                yield return new(entry, file, file);
            else
                missing.Add(file.Path);
        }
    }

    private static IEnumerable<TemplateSource> Packed(
        TemplatePackage package, string deb, WorkFolder work, string folder, List<string> missing, RunContext context)
    {
        ImmutableHashSet<string> wanted = [.. package.Files.Select(file => file.Path)];
        Dictionary<string, string> taken = DebPackage.Take(deb, package.Name, wanted, work, folder, context);
        foreach (TemplateEntry entry in package.Files)
        {
            string shown = $"{deb}:{entry.Path}";
            if (!taken.TryGetValue(entry.Path, out string? name))
            {
                missing.Add(shown);
                continue;
            }
            var file = SelectedFile.In(work.Path, name);
            yield return new(entry, new(shown, entry.Path, file.Length), file);
        }
    }

    // Links and what is no file are refused by the opening.
    private static bool Exists(SelectedFile file)
    {
        try
        {
            file.Open().Dispose();
            return true;
        }
        catch (KexecSignException missing) when (missing.Code == OperationErrors.InputMissing)
        {
            return false;
        }
    }

    private static string Named(List<string> missing) =>
        string.Join(", ", missing.Take(MostNamed)) + (missing.Count > MostNamed ? $" and {missing.Count - MostNamed} more" : "");
}
