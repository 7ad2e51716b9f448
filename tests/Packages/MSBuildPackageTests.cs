namespace KexecSign.Packages.Tests;

[Collection(PackedFeedGroup.Name)]
public sealed class MSBuildPackageTests(PackedFeed feed)
{
    [SkippableFact]
    public void A_build_signs_its_images_and_leaves_them_alone_until_something_changes()
    {
        SigningFiles.Need("sbverify");
        string folder = Project("incremental", "Key=\"db.key\" Cert=\"db.pem\"");
        string signed = Path.Combine(folder, "out/signed", SigningFiles.Image);

        Build(folder).ShouldSucceed();
        feed.Run("sbverify", folder, "--cert", "db.pem", signed).ShouldSucceed();

        DateTime first = File.GetLastWriteTimeUtc(signed);
        for (int i = 0; i < 2; i++)
        {
            Build(folder).ShouldSucceed();
            File.GetLastWriteTimeUtc(signed).ShouldBe(first);
        }

        File.SetLastWriteTimeUtc(Path.Combine(folder, SigningFiles.Image), DateTime.UtcNow.AddSeconds(1));
        Build(folder).ShouldSucceed();
        File.GetLastWriteTimeUtc(signed).ShouldBeGreaterThan(first);

        feed.Run("dotnet", folder, "clean", "--nologo", "-v", "quiet").ShouldSucceed();
        File.Exists(signed).ShouldBeFalse();
    }

    [Fact]
    public void A_refusal_fails_the_build_with_its_code_and_leaves_nothing()
    {
        string folder = Project("refused", "Key=\"nowhere.key\" Cert=\"db.pem\"");
        Output output = Build(folder);
        output.Exit.ShouldNotBe(0);
        output.Text.ShouldMatch(@"error KS2\d\d\d: ");
        File.Exists(Path.Combine(folder, "out/signed", SigningFiles.Image)).ShouldBeFalse();
    }

    [Fact]
    public void A_build_can_leave_signing_out()
    {
        string folder = Project("skipped", "Key=\"nowhere.key\" Cert=\"db.pem\"");
        Build(folder, "-p:KexecSignSkip=true").ShouldSucceed().Text.ShouldContain("KexecSignSkip");
    }

    private Output Build(string folder, params string[] more) => feed.Run("dotnet", folder, ["build", "--nologo", "-v", "minimal", .. more]);

    private string Project(string name, string metadata)
    {
        string folder = feed.NewProject(name);
        SigningFiles.Write(folder);
        File.WriteAllText(Path.Combine(folder, "kernel.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <UseAppHost>false</UseAppHost>
                <OutDir>out/</OutDir>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="KexecSign.MSBuild" Version="*" />
                <KexecSignImage Include="{SigningFiles.Image}" {metadata} />
              </ItemGroup>
            </Project>
            """);
        return folder;
    }
}
