using System.IO.Compression;
using System.Text;

namespace KexecSign.Packages.Tests;

/// <summary>Build logs are handed around; the PIN of a signing build must not be in them.</summary>
[Collection(PackedFeedGroup.Name)]
public sealed class BuildLogTests(PackedFeed feed)
{
    private const string Module = "/usr/lib/softhsm/libsofthsm2.so";
    private const string Pin = "Zq7-NeverInABinlog-4711";

    [SkippableTheory]
    [InlineData("PinFile=\"token/pin\"")]
    [InlineData("PinEnv=\"SIGN_PIN\"")]
    public void No_PIN_is_in_the_logs_of_a_build_that_signs_with_a_token(string source)
    {
        string folder = Project(source[..7].TrimEnd('='), source);

        Build(folder, []).ShouldSucceed().Text.ShouldNotContain(Pin);

        File.Exists(Path.Combine(folder, "out/signed", SigningFiles.Image)).ShouldBeTrue();
        Log(Path.Combine(folder, "build.binlog"), source.Split('"')[1]).ShouldBeTrue("the log is not read as it is written");
        Log(Path.Combine(folder, "build.binlog"), Pin).ShouldBeFalse();
        File.Delete(Path.Combine(folder, "token/pin"));
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(Pin)).ShouldBe(-1, file);
    }

    // Nothing here can keep it out then, so the build says it.
    [SkippableFact]
    public void A_build_that_logs_its_whole_environment_warns_of_the_PIN_in_it()
    {
        string folder = Project("logs-all", "PinEnv=\"SIGN_PIN\"");
        Build(folder, ["MSBUILDLOGALLENVIRONMENTVARIABLES=1"]).ShouldSucceed().Text.ShouldContain("warning KS2047: the PIN is in the environment variable SIGN_PIN");
        Log(Path.Combine(folder, "build.binlog"), Pin).ShouldBeTrue("the warning is needless");
    }

    private Output Build(string folder, string[] variables) =>
        feed.Run("env", folder, [$"SIGN_PIN={Pin}", $"SOFTHSM2_CONF={Path.Combine(folder, "token/softhsm2.conf")}", .. variables, "dotnet", "build", "--nologo", "-v", "diagnostic", "-bl:build.binlog"]);

    private string Project(string name, string source)
    {
        bool there = File.Exists(Module);
        if (!there && Environment.GetEnvironmentVariable("KEXECSIGN_REQUIRE_TOOLS") == "1")
            throw new InvalidOperationException($"{Module} is missing; apt-get install softhsm2");
        Skip.IfNot(there, $"{Module} is missing; apt-get install softhsm2");
        string folder = feed.NewProject("binlog-" + name);
        SigningFiles.Write(folder);
        Directory.CreateDirectory(Path.Combine(folder, "token"));
        string pinFile = Path.Combine(folder, "token/pin");
        File.WriteAllText(pinFile, Pin + "\n");
        File.SetUnixFileMode(pinFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(Path.Combine(folder, "profile.json"), """{ "token": "log", "keys": [ { "label": "db", "role": "secure-boot", "subject": "CN=log" } ] }""");
        feed.Run("dotnet", folder, PackedFeed.Program, "keys", "init", "--profile", "profile.json", "--directory", "token", "--pin-file", pinFile).ShouldSucceed();
        File.WriteAllText(Path.Combine(folder, "kernel.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <UseAppHost>false</UseAppHost>
                <OutDir>out/</OutDir>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="KexecSign.MSBuild" Version="*-*" />
                <KernelImage Include="{SigningFiles.Image}" Key="pkcs11:token=log;object=db?module-path={Module}" Cert="token/db.pem" {source} />
              </ItemGroup>
            </Project>
            """);
        return folder;
    }

    private static bool Log(string path, string text)
    {
        using var unpacked = new MemoryStream();
        using (var log = new GZipStream(File.OpenRead(path), CompressionMode.Decompress))
            log.CopyTo(unpacked);
        return unpacked.ToArray().AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
    }
}
