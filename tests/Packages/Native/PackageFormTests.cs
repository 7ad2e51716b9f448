using System.Security.Cryptography;
using KexecSign.Fixtures;

namespace KexecSign.Packages.Tests.Native;

/// <summary>What the packages are, as the tools of distributions see it.</summary>
[Collection(NativePackagesGroup.Name)]
public sealed class PackageFormTests(NativePackages packages)
{
    [SkippableTheory]
    [InlineData("amd64")]
    [InlineData("arm64")]
    public void Lintian_finds_no_error(string architecture)
    {
        string deb = packages.Deb(architecture);
        SigningFiles.Need("lintian");
        // It names no error that it was told to overlook.
        NativePackages.Must("lintian", packages.Of(architecture), "--allow-root", "--fail-on", "error", "--no-tag-display-limit", deb).ShouldNotContain("E: ");
    }

    [SkippableTheory]
    [InlineData("amd64")]
    [InlineData("arm64")]
    public void Packing_twice_gives_the_same_bytes(string architecture)
    {
        string first = packages.Of(architecture);
        string program = (architecture == "arm64" ? ProgramUnderTest.NativeArm64 : ProgramUnderTest.Native)!;
        string second = packages.Pack(program, ProgramUnderTest.Native!, architecture, "again-" + architecture);
        string[] files = [.. Directory.GetFiles(first).Select(Path.GetFileName).Order()!];
        files.Length.ShouldBe(3);
        foreach (string file in files)
            SHA256.HashData(File.ReadAllBytes(Path.Combine(second, file))).ShouldBe(SHA256.HashData(File.ReadAllBytes(Path.Combine(first, file))), file);
    }

    [SkippableFact]
    public void Every_man_page_is_formatted_without_a_warning()
    {
        string folder = packages.NewFolder("man");
        NativePackages.Must("tar", folder, "-xzf", packages.Archive(), "--strip-components=1");
        Tool.Require("man");
        string[] pages = Directory.GetFiles(Path.Combine(folder, "share/man/man1"));
        pages.Length.ShouldBeGreaterThan(40);
        string script = "for page; do MANWIDTH=80 man --warnings -E UTF-8 -l \"$page\" 2>&1 >/dev/null; done";
        NativePackages.Ask("sh", folder, ["-c", script, "sh", .. pages]).Text.ShouldBeEmpty();
    }

    [SkippableFact]
    public void The_archive_has_the_program_its_licence_and_its_notices()
    {
        string[] names = NativePackages.Must("tar", "/", "-tzf", packages.Archive()).Split('\n');
        foreach (string wanted in new[] { "/bin/kexecsign", "/share/doc/kexecsign/LICENSE", "/share/doc/kexecsign/NOTICES", "/share/doc/kexecsign/notices/dotnet-third-party.txt", "/share/doc/kexecsign/README.md", "/share/man/man1/kexecsign-build.1.gz" })
            names.ShouldContain(name => name.EndsWith(wanted, StringComparison.Ordinal));
    }

    [SkippableTheory]
    [InlineData("amd64")]
    [InlineData("arm64")]
    public void Rpm_installs_checks_and_removes_the_package(string architecture)
    {
        string rpm = packages.Rpm(architecture), root = packages.NewFolder("rpm-" + architecture);
        string[] at = ["--root", root, "--dbpath", "/var/lib/rpm", "--nodeps", "--ignorearch", "--noscripts"];
        NativePackages.Must("rpm", root, ["--initdb", .. at[..4]]);
        NativePackages.Must("rpm", root, ["-i", .. at, rpm]);
        NativePackages.Must("rpm", root, ["-V", .. at[..5], "kexecsign"]).ShouldBeEmpty();
        File.Exists(Path.Combine(root, "usr/bin/kexecsign")).ShouldBeTrue();
        NativePackages.Must("rpm", root, "-qp", "--requires", rpm).ShouldContain("libssl.so.3()(64bit)");
        NativePackages.Must("rpm", root, ["-e", .. at[..5], "kexecsign"]);
        Directory.GetFiles(root, "*", SearchOption.AllDirectories).Where(file => !file.Contains("/var/lib/rpm/", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [SkippableFact]
    public void The_arm64_program_signs_and_verifies()
    {
        string deb = packages.Deb("arm64"), root = packages.NewFolder("arm64");
        SigningFiles.Need("qemu-aarch64-static");
        foreach (string library in new[] { "libc6", "libssl3" })
        {
            string? unpacked = Directory.Exists(Path.Combine(DebianKernels.Cache, "debian"))
                ? Directory.GetDirectories(Path.Combine(DebianKernels.Cache, "debian"), library + "_*_arm64").Order().LastOrDefault() : null;
            Tool.Demand(unpacked is not null, $"{library} for arm64 is not in the cache; './build.sh --target=Test' fetches it");
            NativePackages.Must("cp", root, "-a", unpacked! + "/.", root);
        }
        NativePackages.Must("dpkg-deb", root, "-x", deb, root);
        SigningFiles.Write(root);
        Output Run(params string[] arguments) => NativePackages.Ask("qemu-aarch64-static", root, ["-L", root, Path.Combine(root, "usr/bin/kexecsign"), .. arguments]);
        Run("--version").ShouldSucceed().Text.ShouldStartWith("kexecsign ");
        Run("sign", SigningFiles.Image, "--key", "db.key", "--cert", "db.pem", "-o", "signed").ShouldSucceed();
        Run("verify", "signed", "--for", "firmware", "--cert", "db.pem").ShouldSucceed();
        Tool.Run("sbverify", "--cert", Path.Combine(root, "db.pem"), Path.Combine(root, "signed"));
    }
}
