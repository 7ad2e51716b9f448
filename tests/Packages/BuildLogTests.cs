using System.IO.Compression;
using System.Text;

namespace KexecSign.Packages.Tests;

/// <summary>Build logs are handed around; the PIN of a signing build must not be in them.</summary>
[Collection(PackedFeedGroup.Name)]
public sealed class BuildLogTests(PackedFeed feed)
{
    private const string Module = "/usr/lib/softhsm/libsofthsm2.so";
    private const string Pin = "Zq7-NeverInABinlog-4711";

    [SkippableFact]
    public void No_PIN_is_in_the_binary_log_of_a_build_that_signs_with_a_token()
    {
        bool there = File.Exists(Module);
        if (!there && Environment.GetEnvironmentVariable("KEXECSIGN_REQUIRE_TOOLS") == "1")
            throw new InvalidOperationException($"{Module} is missing; apt-get install softhsm2");
        Skip.IfNot(there, $"{Module} is missing; apt-get install softhsm2");
        string folder = feed.NewProject("binlog");
        SigningFiles.Write(folder);
        Directory.CreateDirectory(Path.Combine(folder, "token"));
        string pinFile = Path.Combine(folder, "token/pin");
        File.WriteAllText(pinFile, Pin + "\n");
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
                <PackageReference Include="KexecSign.MSBuild" Version="*" />
                <KernelImage Include="{SigningFiles.Image}" Key="pkcs11:token=log;object=db?module-path={Module}" Cert="token/db.pem" PinFile="token/pin" />
              </ItemGroup>
            </Project>
            """);

        feed.Run("dotnet", folder, "build", "--nologo", "-v", "diagnostic", "-bl:build.binlog").ShouldSucceed().Text.ShouldNotContain(Pin);

        File.Exists(Path.Combine(folder, "out/signed", SigningFiles.Image)).ShouldBeTrue();
        Log(Path.Combine(folder, "build.binlog"), "token/pin").ShouldBeTrue("the log is not read as it is written");
        Log(Path.Combine(folder, "build.binlog"), Pin).ShouldBeFalse();
        File.Delete(pinFile);
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(Pin)).ShouldBe(-1, file);
    }

    private static bool Log(string path, string text)
    {
        using var unpacked = new MemoryStream();
        using (var log = new GZipStream(File.OpenRead(path), CompressionMode.Decompress))
            log.CopyTo(unpacked);
        return unpacked.ToArray().AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
    }
}
