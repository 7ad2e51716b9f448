using KexecSign.Fixtures;

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

    [Fact]
    public void The_first_name_of_the_item_still_works()
    {
        string folder = Project("first-name", "Key=\"db.key\" Cert=\"db.pem\"");
        string project = Path.Combine(folder, "kernel.csproj");
        File.WriteAllText(project, File.ReadAllText(project).Replace("<KernelImage", "<KexecSignImage", StringComparison.Ordinal));
        Build(folder).ShouldSucceed();
        File.Exists(Path.Combine(folder, "out/signed", SigningFiles.Image)).ShouldBeTrue();
    }

    [SkippableFact]
    public void Stages_prepare_without_a_key_and_sign_or_attach_later()
    {
        SigningFiles.Need("sbverify");
        SigningFiles.Need("openssl");
        string folder = Project("stages", "Cert=\"db.pem\"");
        string signed = Path.Combine(folder, "out/signed", SigningFiles.Image), bundle = Path.Combine(folder, "out/bundle", SigningFiles.Image);
        for (int i = 0; i < 2; i++)
            Build(folder, "-p:KexecSignStage=prepare").ShouldSucceed();
        File.Exists(signed).ShouldBeFalse();
        string request = Directory.GetFiles(Path.Combine(bundle, "requests/stage-1/requests"), "*.attributes").ShouldHaveSingleItem();

        Build(folder, "-p:KexecSignStage=sign", "-p:KexecSignKey=db.key").ShouldSucceed();
        feed.Run("sbverify", folder, "--cert", "db.pem", signed).ShouldSucceed();
        byte[] online = File.ReadAllBytes(signed);
        File.Delete(signed);

        Build(folder, "-p:KexecSignStage=attach").Text.ShouldMatch(@"error KS3719: ");
        feed.Run("openssl", folder, "dgst", "-sha256", "-sign", "db.key", "-out", Path.Combine(bundle, "requests/stage-1/answers/answer"), request).ShouldSucceed();
        Build(folder, "-p:KexecSignStage=attach").ShouldSucceed();
        File.ReadAllBytes(signed).ShouldBe(online);

        Build(folder, "-p:KexecSignStage=sing").Text.ShouldContain("error KS6010: ");
        Build(folder, "-p:KexecSignStage=prepare", "-p:KexecSignInnerKey=db.key").Text.ShouldContain("error KS6011: ");
        feed.Run("dotnet", folder, "clean", "--nologo", "-v", "quiet").ShouldSucceed();
        Directory.Exists(Path.Combine(folder, "out/bundle")).ShouldBeFalse();
    }

    [Fact]
    public void A_plan_is_run_and_where_it_is_wrong_is_an_error_with_line_and_column()
    {
        string folder = feed.NewProject("plan");
        SigningFiles.Write(folder);
        string plan = Path.Combine(folder, "plan.json");
        File.WriteAllText(plan, $$"""
            { "keys": { "db": { "key": "db.key", "cert": "db.pem" } }, "steps": [{ "step": "sign", "key": "db" }],
              "images": [{ "image": "{{SigningFiles.Image}}", "outputs": { "image": "out/a.efi" } }, { "image": "{{SigningFiles.Image}}", "outputs": { "image": "out/b.efi" } }] }
            """);
        File.WriteAllText(Path.Combine(folder, "kernel.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework><UseAppHost>false</UseAppHost></PropertyGroup>
              <ItemGroup>
                <PackageReference Include="KexecSign.MSBuild" Version="*-*" />
                <KernelPlan Include="plan.json" />
              </ItemGroup>
            </Project>
            """);
        Build(folder, "-p:KexecSignShard=2/2").ShouldSucceed();
        File.Exists(Path.Combine(folder, "out/a.efi")).ShouldBeFalse();
        DateTime first = File.GetLastWriteTimeUtc(Path.Combine(folder, "out/b.efi"));
        Build(folder).ShouldSucceed();
        File.Exists(Path.Combine(folder, "out/a.efi")).ShouldBeTrue();
        File.GetLastWriteTimeUtc(Path.Combine(folder, "out/b.efi")).ShouldBe(first);
        File.WriteAllText(plan, File.ReadAllText(plan).Replace("\"sign\"", "\"sing\"", StringComparison.Ordinal));
        Build(folder).Text.ShouldMatch(@"plan\.json\(1,\d+\): error KS3302: ");
    }

    [SkippableFact]
    public void The_sample_builds_and_signs_two_kernels_side_by_side()
    {
        SigningFiles.Need("sbverify");
        SigningFiles.Need("aarch64-linux-gnu-ld");
        const string module = "/usr/lib/softhsm/libsofthsm2.so";
        Tool.Demand(File.Exists(module), $"{module} is missing; apt-get install softhsm2");
        (string generic, string cloud, string kit) = (DebianKernels.Unsigned().Path, DebianKernels.Cloud().Path, DebianKernels.Kit());
        string folder = feed.NewProject("sample");
        feed.Run("cp", folder, "-r", Path.Combine(PackedFeed.Repository, "samples/msbuild/."), folder).ShouldSucceed();
        File.CreateSymbolicLink(Path.Combine(folder, "generic/Image"), generic);
        File.CreateSymbolicLink(Path.Combine(folder, "cloud/Image"), cloud);
        File.CreateSymbolicLink(Path.Combine(folder, "arm64.kit"), kit);
        feed.Run("dotnet", folder, PackedFeed.Program, "keys", "init", "--profile", Path.Combine(PackedFeed.Repository, "keys/demo.profile.json"), "--directory", "token", "-q").ShouldSucceed();

        Output output = feed.Run("dotnet", folder, "build", "kernels.proj", "-m", "--nologo", "-v", "normal", "-p:KernelLevel=1").ShouldSucceed();

        // MSBuild numbers the projects that it builds at the same time.
        output.Text.ShouldContain("2>");
        foreach (string name in new[] { "generic", "cloud" })
        {
            string image = Path.Combine(folder, name, $"out/vmlinuz-{name}.efi");
            feed.Run("sbverify", folder, "--cert", "token/db.pem", image).ShouldSucceed();
            File.Exists(image + ".sig").ShouldBeTrue();
            File.ReadAllText(image + ".report.json").ShouldContain("\"consumer\": \"Kexec\"");
        }
        feed.Run("dotnet", folder, "build", "kernels.proj", "-m", "--nologo", "-v", "normal", "-p:KernelLevel=1").ShouldSucceed().Text.ShouldContain("Skipping target \"KexecSignImages\"");
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
                <PackageReference Include="KexecSign.MSBuild" Version="*-*" />
                <KernelImage Include="{SigningFiles.Image}" {metadata} />
              </ItemGroup>
            </Project>
            """);
        return folder;
    }
}
