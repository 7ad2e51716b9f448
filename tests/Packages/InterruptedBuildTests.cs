using System.Diagnostics;
using KexecSign.Fixtures;

namespace KexecSign.Packages.Tests;

/// <summary>Ctrl-C in the middle of a build that signs: it ends, nothing is left, and the token is logged out of.</summary>
[Collection(PackedFeedGroup.Name)]
public sealed class InterruptedBuildTests(PackedFeed feed)
{
    private const string Module = "/usr/lib/softhsm/libsofthsm2.so";

    // Compression at this level takes half a minute on slow machines, and is one call into a native library.
    private const string Slow = "12";

    [SkippableFact]
    public void Leaves_no_file_and_no_session()
    {
        SigningFiles.Need("aarch64-linux-gnu-ld");
        Tool.Demand(File.Exists(Module), $"{Module} is missing; apt-get install softhsm2");
        string? spy = Directory.GetDirectories("/usr/lib", "*-linux-gnu").Select(found => Path.Combine(found, "pkcs11-spy.so")).FirstOrDefault(File.Exists);
        Tool.Demand(spy is not null, "pkcs11-spy.so is missing; apt-get install opensc-pkcs11");
        string folder = feed.NewProject("interrupted"), calls = Path.Combine(folder, "calls");
        feed.Run("dotnet", folder, PackedFeed.Program, "keys", "init", "--profile", Path.Combine(PackedFeed.Repository, "keys/demo.profile.json"), "--directory", "token", "-q").ShouldSucceed();
        const string key = "pkcs11:token=KexecSign%2520demo;object=";
        File.WriteAllText(Path.Combine(folder, "kernel.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework><UseAppHost>false</UseAppHost><OutDir>out/</OutDir></PropertyGroup>
              <ItemGroup>
                <PackageReference Include="KexecSign.MSBuild" Version="*-*" />
                <ZbootKit Include="{DebianKernels.Kit()}" />
                <KernelImage Include="{DebianKernels.Unsigned().Path}" Level="{Slow}" SignedPath="signed/vmlinuz.efi" PinFile="token/pin"
                             Key="{key}db" Cert="token/db.pem" InnerKey="{key}kexec" InnerCert="token/kexec.pem" />
              </ItemGroup>
            </Project>
            """);
        feed.Run("dotnet", folder, "build", "--nologo", "-p:KexecSignSkip=true").ShouldSucceed();

        (int exit, string output, TimeSpan took) = Interrupt(folder, "compress", new()
        {
            ["KEXECSIGN_PKCS11_MODULE"] = spy!,
            ["PKCS11SPY"] = Module,
            ["PKCS11SPY_OUTPUT"] = calls,
        });

        exit.ShouldNotBe(0, output);
        output.ShouldContain("error KS3036: ");
        // Two seconds are what users are promised; this is for machines that do much else besides.
        took.ShouldBeLessThan(TimeSpan.FromSeconds(15), output);
        Directory.GetFileSystemEntries(Path.Combine(folder, "signed")).ShouldBeEmpty();
        string[] made = [.. File.ReadLines(calls).Where(line => line.Contains(": C_", StringComparison.Ordinal)).Select(line => line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..].Trim())];
        made.ShouldContain("C_Sign");
        made.Count(call => call == "C_OpenSession").ShouldBe(made.Count(call => call == "C_CloseSession"));
        made.ShouldContain("C_Finalize");
    }

    private (int Exit, string Output, TimeSpan Took) Interrupt(string folder, string when, Dictionary<string, string> environment)
    {
        // What a shell starts in the background ignores SIGINT, and so do all below it: 'env' has the build heed it again.
        using RunningProcess process = new ProcessRun("env",
            ["--default-signal=INT", "dotnet", "build", "--no-restore", "--nologo", "-v", "normal", "-nodeReuse:false"])
        {
            Folder = folder,
            Environment = new Dictionary<string, string>(environment) { ["NUGET_PACKAGES"] = Path.Combine(feed.Folder, "nuget"), ["DOTNET_CLI_UI_LANGUAGE"] = "en" },
            Without = PackedFeed.IsMSBuilds,
        }.Start();
        process.Until(() => process.SaidSoFar.Contains(when, StringComparison.Ordinal), TimeSpan.FromMinutes(2)).ShouldBeTrue(process.SaidSoFar);
        long began = Stopwatch.GetTimestamp();
        Tool.Run("kill", "-INT", $"{process.Id}");
        process.Wait(TimeSpan.FromMinutes(2)).ShouldBeTrue();
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        ProcessAnswer answer = process.End();
        return (answer.Exit, answer.Output, took);
    }
}
