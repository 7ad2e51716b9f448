using System.IO.Compression;
using System.Xml.Linq;

namespace KexecSign.Packages.Tests;

/// <summary>What a feed shows of the packages, and what must travel in them.</summary>
[Collection(PackedFeedGroup.Name)]
public sealed class NuGetPackageTests(PackedFeed feed)
{
    [Theory]
    [InlineData("KexecSign.Tool", "ZstdSharp.dll")]
    [InlineData("KexecSign.MSBuild", "ZstdSharp.dll")]
    [InlineData("Cake.KexecSign", "ZstdSharp.dll")]
    public void A_package_has_readme_icon_licence_notices_and_all_that_it_runs_by(string id, string library)
    {
        using ZipArchive package = ZipFile.OpenRead(Directory.GetFiles(feed.Feed, id + ".*.nupkg").Single());
        string[] names = [.. package.Entries.Select(entry => entry.FullName)];
        foreach (string wanted in new[] { "README.md", "icon.png", "LICENSE", "NOTICES" })
            names.ShouldContain(wanted);
        names.ShouldContain(name => name.EndsWith("/" + library, StringComparison.Ordinal));
        using Stream nuspec = package.Entries.Single(entry => entry.Name == id + ".nuspec").Open();
        Dictionary<string, string> metadata = XDocument.Load(nuspec).Root!.Elements().Single().Elements().ToDictionary(e => e.Name.LocalName, e => e.Value);
        metadata["readme"].ShouldBe("README.md");
        metadata["icon"].ShouldBe("icon.png");
        metadata["license"].ShouldBe("Apache-2.0");
        // From the nearest tag, or without one the height of the history.
        metadata["version"].ShouldMatch(@"^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$");
    }
}
