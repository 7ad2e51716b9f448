using System.Collections.Immutable;
using System.IO.Enumeration;
using KexecSign.Batches;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Images;
using KexecSign.Modules;

namespace KexecSign.Commands.Verify;

/// <summary>What a gate judges of what it is shown: images by what is in them and by their names, modules by their names.</summary>
/// <param name="Files">The files that are judged.</param>
/// <param name="Links">Links below the folders that lead to such files elsewhere, and where to.</param>
internal sealed record GateSelection(ImmutableArray<SelectedFile> Files, ImmutableArray<(SelectedFile Link, string Target)> Links)
{
    private static readonly string[] Packages = [".deb", ".udeb", ".rpm"];

    // What a boot loader is told to start. One that is no EFI image is not passed over for that: nobody could verify it.
    private static readonly string[] KernelNames = ["vmlinuz", "bzImage", "zImage", "Image", "Image.gz"];

    // Files beside a kernel, which say something of it.
    private static readonly string[] Companions =
        [".sig", ".p7s", ".json", ".jsonl", ".tar", ".hmac", ".sha256", ".sha512", ".html", ".md", ".txt", ".map", ".svg"];

    /// <summary>What files, folders and patterns lead to.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS3901, KS3902.</exception>
    public static GateSelection Of(ImmutableArray<string> files, string? list)
    {
        ImmutableArray<SelectedFile> selected =
            new BatchSelection("gate", "image, addon or module", _ => true) { Holds = IsJudged }.Of(files, list);
        return new(selected, [.. selected.Select(file => file.Root).OfType<string>().Distinct().SelectMany(LeadingAway)]);
    }

    /// <summary>Whether a file is a package.</summary>
    public static bool IsPackage(SelectedFile file) => Array.Exists(Packages, ending => Ends(file.Name, ending));

    private static bool IsJudged(SelectedFile file) =>
        ModuleFile.IsName(file.Name) || IsPackage(file) || IsNamedAsImage(file.Name) || EfiImageFile.Is(file);

    // An EFI image has its ending in any case; kernels have the name of their kind, and often a version behind it.
    private static bool IsNamedAsImage(string path)
    {
        string name = Path.GetFileName(path);
        return Ends(name, ".efi")
            || (Array.Exists(KernelNames, kernel => name == kernel || name.StartsWith(kernel + "-", StringComparison.Ordinal))
                && !Array.Exists(Companions, ending => Ends(name, ending)));
    }

    private static bool Ends(string name, string ending) => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase);

    // A link to what is judged under its own name is nothing new; whoever packs or uploads what another leads to takes what is not here.
    private static IEnumerable<(SelectedFile, string)> LeadingAway(string folder)
    {
        string root = OutputTarget.ResolveFolder(Path.GetFullPath(folder));
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            IgnoreInaccessible = false,
            AttributesToSkip = FileAttributes.None,
        };
        string[] links =
        [
            .. new FileSystemEnumerable<string>(root, (ref FileSystemEntry entry) => entry.ToFullPath(), options)
            {
                ShouldIncludePredicate = (ref FileSystemEntry entry) => IsLink(ref entry),
                ShouldRecursePredicate = (ref FileSystemEntry entry) => !IsLink(ref entry),
            }.Order(StringComparer.Ordinal),
        ];
        foreach (string link in links)
        {
            // In a package's tree an absolute link is meant from the tree's top.
            string said = new FileInfo(link).LinkTarget ?? "";
            string target = said.StartsWith('/') && File.Exists(root + said) ? root + said : link;
            string real = OutputTarget.ResolveFolder(target);
            if (!File.Exists(real) || real.StartsWith(root + "/", StringComparison.Ordinal))
                continue;
            string name = Path.GetRelativePath(root, link);
            if (ModuleFile.IsName(name) || IsNamedAsImage(name) || IsJudged(SelectedFile.Named(real)))
                yield return (SelectedFile.Named(Path.Combine(folder, name)), said);
        }

        static bool IsLink(ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) != 0;
    }
}
