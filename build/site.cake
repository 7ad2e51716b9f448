using System.Text.RegularExpressions;

// The pages in the order of the table of contents; a page that is not named here comes last, so that none is missing.
static readonly (string Title, string[] Pages)[] SiteContents =
[
    ("Begin", ["index", "docs/install", "docs/how-it-works", "docs/faq"]),
    ("Tutorials", ["docs/tutorial-packager", "docs/tutorial-ci", "docs/tutorial-msbuild", "docs/tutorial-cake", "docs/tutorial-kexec"]),
    ("Guides", ["docs/plan-guide", "docs/configuration", "docs/hsm", "docs/coming-from", "docs/compat", "docs/screens", "docs/pictures", "docs/scale", "docs/troubleshooting"]),
    ("Reference", ["docs/reference", "docs/errors", "docs/environment", "docs/formats", "docs/glossary", "docs/stable", "CHANGELOG"]),
    ("Inside", ["docs/architecture", "docs/dependencies", "tests/Boot/README", "SECURITY", "CONTRIBUTING"]),
];

/// <summary>Makes HTML of the documentation by docfx, with search; a link that leads nowhere ends it.</summary>
void MakeSite(DirectoryPath folder)
{
    var source = folder.Combine("../site-source").Collapse();
    foreach (var old in new[] { folder, source })
    {
        if (DirectoryExists(old))
            DeleteDirectory(old, new DeleteDirectorySettings { Recursive = true });
    }
    foreach (var file in GetFiles("docs/**/*") + GetFiles("*.md") + GetFiles("tests/Boot/README.md") + GetFiles("LICENSE") + GetFiles("NOTICES"))
        CopyInto(file, source.CombineWithFilePath(MakeAbsolute(Directory(".")).GetRelativePath(file)));
    CopyInto(File("build/packaging/icon.png"), source.CombineWithFilePath("icon.png"));
    CopyInto(File("build/site/docfx.json"), source.CombineWithFilePath("docfx.json"));
    CopyInto(File("build/site/template/public/main.css"), source.CombineWithFilePath("template/public/main.css"));
    CopyInto(File("README.md"), source.CombineWithFilePath("index.md"));
    System.IO.File.Delete(source.CombineWithFilePath("README.md").FullPath);
    foreach (var page in GetFiles(source + "/**/*.md"))
        System.IO.File.WriteAllText(page.FullPath, OnSite(System.IO.File.ReadAllText(page.FullPath), source.GetRelativePath(page), source));
    // A table of its own below 'docs' is what docfx shows beside a page; what the root's has, it shows above.
    System.IO.File.WriteAllText(source.CombineWithFilePath("docs/toc.yml").FullPath, TableOfContents(source));
    System.IO.File.WriteAllText(source.CombineWithFilePath("toc.yml").FullPath, TopOfPages());
    Docfx("tool restore --verbosity quiet");
    RequireDocfx();
    Docfx($"docfx build \"{source.CombineWithFilePath("docfx.json")}\" --output \"{folder}\" --warningsAsErrors");
    Information($"'python3 -m http.server -d {folder}' shows it; search wants a server.");
}

// A hundred megabytes, which only those fetch who make the site: it has a manifest of its own.
void Docfx(string arguments)
{
    var exit = StartProcess("dotnet", new ProcessSettings { Arguments = arguments, WorkingDirectory = Directory("build/site") });
    if (exit != 0)
        throw new Exception($"'dotnet {arguments}' ended with {exit}");
}

// As build.sh does for the tools of every build: what was fetched must be what was looked at.
void RequireDocfx()
{
    const string version = "2.81.0", wanted = "3I1vUAfp5RIqQOdLXrXKlfmFUKHkSQEXXJhf5z4j7aoWL0Ky2gwYrs7iC79vspChf07DVG1STTXbD4W7PIi9dw==";
    var packages = EnvironmentVariable("NUGET_PACKAGES") ?? EnvironmentVariable("HOME") + "/.nuget/packages";
    var file = $"{packages}/docfx/{version}/docfx.{version}.nupkg.sha512";
    var found = FileExists(file) ? System.IO.File.ReadAllText(file).Trim() : "";
    if (found != wanted)
        throw new Exception($"KS6022: the tool docfx {version} in {packages} has SHA-512 '{found}', not '{wanted}'. Remove it and try again; if it stays so, its source was changed.");
}

void CopyInto(FilePath from, FilePath to)
{
    EnsureDirectoryExists(to.GetDirectory());
    CopyFile(from, to);
}

// What is in the repository but not on the site, folders and scripts, is named without a link, or by the address of the clone's remote.
string OnSite(string text, FilePath page, DirectoryPath source) => Regex.Replace(text, @"(?<!!)\[(?<words>[^\]]+)\]\((?<target>[^)#\s:]+)(?<place>#[^)]*)?\)", link =>
{
    var place = link.Groups["place"].Value;
    var path = page.GetDirectory().CombineWithFilePath(link.Groups["target"].Value).Collapse();
    if (path.FullPath == "README.md")
        return $"[{link.Groups["words"]}]({string.Concat(Enumerable.Repeat("../", page.Segments.Length - 1))}index.md{place})";
    if (FileExists(source.CombineWithFilePath(path)))
        return link.Value;
    if (!FileExists(path) && !DirectoryExists(path.FullPath))
        throw new Exception($"{page}: {link.Groups["target"]} is not in the repository");
    return Remote() is { } remote ? $"[{link.Groups["words"]}]({remote}/blob/HEAD/{path}{place})" : link.Groups["words"].Value;
});

string Remote()
{
    StartProcess("git", new ProcessSettings { Arguments = "remote get-url origin", RedirectStandardOutput = true, RedirectStandardError = true }, out var lines);
    var address = lines.FirstOrDefault() ?? "";
    return address.StartsWith("https://") && !address.Contains('@') ? Regex.Replace(address.TrimEnd('/'), @"\.git$", "") : null;
}

static readonly (string Title, string Page)[] SiteTop =
    [("Install", "docs/install"), ("Tutorials", "docs/tutorial-packager"), ("Reference", "docs/reference"), ("Errors", "docs/errors"), ("Changes", "CHANGELOG")];

string TopOfPages() => string.Concat(SiteTop.Select(entry => $"- name: {entry.Title}\n  href: {entry.Page}.md\n"));

string TableOfContents(DirectoryPath source)
{
    var named = SiteContents.SelectMany(part => part.Pages).ToHashSet();
    var others = GetFiles(source + "/**/*.md").Select(page => source.GetRelativePath(page).FullPath[..^3]).Where(page => !named.Contains(page)).Order();
    var text = new System.Text.StringBuilder();
    foreach (var (title, pages) in SiteContents.Append(("More", others.ToArray())))
    {
        var there = pages.Where(page => FileExists(source.CombineWithFilePath(page + ".md"))).ToArray();
        if (there.Length == 0)
            continue;
        text.Append($"- name: {title}\n  expanded: true\n  items:\n");
        foreach (var page in there)
            text.Append($"  - name: \"{Heading(source.CombineWithFilePath(page + ".md"))}\"\n    href: {(page.StartsWith("docs/") ? page["docs/".Length..] : "../" + page)}.md\n");
    }
    return text.ToString();
}

string Heading(FilePath page) => System.IO.File.ReadLines(page.FullPath).First(line => line.StartsWith("# "))[2..].Replace("\"", "'");
