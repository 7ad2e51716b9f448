namespace KexecSign.Packages.Tests;

[Collection(PackedFeedGroup.Name)]
public sealed class ToolPackageTests(PackedFeed feed)
{
    [Fact]
    public void The_tool_installs_from_its_package_and_runs()
    {
        string folder = feed.NewProject("tool");
        feed.Run("dotnet", folder, "tool", "install", "KexecSign.Tool", "--tool-path", "bin", "--version", "*").ShouldSucceed();
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

    private string Version() => Path.GetFileNameWithoutExtension(Directory.GetFiles(feed.Feed, "Cake.KexecSign.*.nupkg").Single())["Cake.KexecSign.".Length..];
}
