using System.Text.RegularExpressions;
using KexecSign.Fixtures;
using KexecSign.Line.Tests.Documents;

namespace KexecSign.Packages.Tests;

/// <summary>What the pages of MSBuild and Cake say is typed word for word, with the packages from a feed.</summary>
[Collection(PackedFeedGroup.Name)]
public sealed partial class PackagePageTests(PackedFeed feed)
{
    private const string MSBuildPage = "docs/tutorial-msbuild.md";

    [SkippableTheory]
    [InlineData(MSBuildPage)]
    [InlineData("docs/tutorial-cake.md")]
    public void A_page_works_from_its_first_line_to_its_last(string name)
    {
        SigningFiles.Need("softhsm2-util");
        SigningFiles.Need("aarch64-linux-gnu-ld");
        string cake = Path.Combine(Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetEnvironmentVariable("HOME")!, ".nuget/packages"),
            "cake.tool/7.0.0/tools/net10.0/any/Cake.dll");
        Tool.Demand(File.Exists(cake), $"{cake} is missing; dotnet tool restore");
        var page = Page.Read(name);
        string folder = feed.NewProject("page-" + Path.GetFileNameWithoutExtension(name));
        string bin = Directory.CreateDirectory(Path.Combine(feed.Folder, "page-bin")).FullName, stash = Directory.CreateDirectory(folder + "-files").FullName;
        Command(bin, "kexecsign", PackedFeed.Program);
        Command(bin, "dotnet-cake", cake);
        foreach (string file in page.Has)
            Possession.Give(folder, file);
        Output output = feed.Run("bash", folder, "--noprofile", "--norc", "-euo", "pipefail", "-c", $"PATH='{bin}':$PATH\n{page.Script(stash)}");
        output.ShouldSucceed();
        if (name == MSBuildPage)
            output.Text.ShouldContain("became out/vmlinuz.efi, report out/vmlinuz.efi.report.json");
    }

    [Fact]
    public void The_page_of_MSBuild_has_every_property_item_and_metadatum()
    {
        string folder = Path.Combine(PackedFeed.Repository, "src/KexecSign.MSBuild/build");
        string props = File.ReadAllText(Path.Combine(folder, "KexecSign.MSBuild.props")), targets = File.ReadAllText(Path.Combine(folder, "KexecSign.MSBuild.targets"));
        string page = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "pages", Path.GetFileName(MSBuildPage)));
        string[] metadata = [.. Metadatum().Matches(props).Select(match => match.Groups[1].Value)];
        string[] properties = [.. Property().Matches(props + targets).Select(match => match.Groups[1].Value).Where(name => name != "KexecSignTasks")];
        string[] items = [.. Item().Matches(targets).Select(match => match.Groups[1].Value)];
        metadata.Length.ShouldBeGreaterThan(15);
        properties.Length.ShouldBeGreaterThan(15);
        foreach (string word in metadata.Concat(properties).Concat(items).Append("SignedKernel").Distinct())
            page.ShouldContain($"`{word}`", customMessage: word);
    }

    private static void Command(string bin, string name, string library)
    {
        string path = Path.Combine(bin, name);
        File.WriteAllText(path, $"#!/bin/sh\nexec dotnet '{library}' \"$@\"\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [GeneratedRegex("<([A-Z][A-Za-z]+)></[A-Z]")]
    private static partial Regex Metadatum();

    [GeneratedRegex(@"\$\((KexecSign[A-Za-z]+)\)")]
    private static partial Regex Property();

    [GeneratedRegex(@"@\(([A-Z][A-Za-z]+)\)")]
    private static partial Regex Item();
}
