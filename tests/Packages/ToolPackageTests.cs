using System.IO.Compression;
using System.Text;
using System.Xml.Linq;

namespace KexecSign.Packages.Tests;

[Collection(PackedFeedGroup.Name)]
public sealed class ToolPackageTests(PackedFeed feed)
{
    [Fact]
    public void The_tool_installs_from_its_package_and_runs()
    {
        string folder = feed.NewProject("tool");
        feed.Run("dotnet", folder, "tool", "install", "KexecSign.Tool", "--tool-path", "bin", "--version", "*-*").ShouldSucceed();
        feed.Run(Path.Combine(folder, "bin/kexecsign"), folder, "--version").ShouldSucceed().Text.ShouldStartWith("kexecsign ");
    }

    [Fact]
    public void A_cake_script_signs_with_the_addin_from_its_package()
    {
        string folder = feed.NewProject("cake");
        SigningFiles.Write(folder);
        Directory.CreateDirectory(Path.Combine(folder, ".config"));
        File.Copy(Path.Combine(PackedFeed.Repository, ".config/dotnet-tools.json"), Path.Combine(folder, ".config/dotnet-tools.json"));
        File.WriteAllText(Path.Combine(folder, "build.cake"), $$"""
            #addin nuget:file://{{feed.Feed}}?package=Cake.KexecSign&version={{Version()}}
            using (var session = KexecSignSession())
            {
                session.Run(OperationCatalog.Sign, new SignOptions
                {
                    Files = ["{{SigningFiles.Image}}"],
                    Output = "signed",
                    Signing = new SigningOptions { Key = "db.key", Certificate = "db.pem" },
                });
            }
            var found = KexecSignInspect(new InspectOptions { File = "signed" });
            KexecSign(OperationCatalog.Inspect, new InspectOptions { File = "missing" });
            """);
        Output output = feed.Run("dotnet", PackedFeed.Repository, "cake", Path.Combine(folder, "build.cake"));
        File.Exists(Path.Combine(folder, "signed")).ShouldBeTrue(output.Text);
        output.Text.ShouldContain("KS3001: missing: there is no such file.");
        output.Exit.ShouldBe(1);
    }

    [Fact]
    public void Every_alias_has_an_example_that_compiles_in_a_script()
    {
        string folder = feed.NewProject("examples");
        using ZipArchive package = ZipFile.OpenRead(Directory.GetFiles(feed.Feed, "Cake.KexecSign.*.nupkg").Single());
        using Stream documentation = package.Entries.Single(entry => entry.Name == "Cake.KexecSign.xml").Open();
        XElement[] aliases = [.. XDocument.Load(documentation).Descendants("member").Where(member => member.Attribute("name")!.Value.StartsWith("M:Cake.KexecSign.KexecSignAliases.", StringComparison.Ordinal))];
        aliases.Length.ShouldBeGreaterThan(40);
        aliases.Where(alias => alias.Element("example") is null).Select(alias => alias.Attribute("name")!.Value).ShouldBeEmpty();
        var script = new StringBuilder($"#addin nuget:file://{feed.Feed}?package=Cake.KexecSign&version={Version()}\n");
        foreach ((XElement alias, int index) in aliases.Select((alias, index) => (alias, index)))
            script.Append($"Action example{index} = () =>\n{{\n{alias.Element("example")!.Element("code")!.Value}\n}};\n");
        script.Append("Information(\"all compiled\");\n");
        File.WriteAllText(Path.Combine(folder, "build.cake"), script.ToString());
        Output output = feed.Run("dotnet", PackedFeed.Repository, "cake", Path.Combine(folder, "build.cake"));
        output.ShouldSucceed().Text.ShouldContain("all compiled");
    }

    private string Version() => Path.GetFileNameWithoutExtension(Directory.GetFiles(feed.Feed, "Cake.KexecSign.*.nupkg").Single())["Cake.KexecSign.".Length..];
}
