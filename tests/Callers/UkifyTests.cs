using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>ukify of systemd, unchanged, with our commands as its tools.</summary>
[Collection(nameof(CompatBench))]
public sealed class UkifyTests(CompatBench bench)
{
    [SkippableTheory]
    [InlineData("257", "sbsign")]
    [InlineData("257", "systemd-sbsign")]
    [InlineData("newest", "sbsign")]
    [InlineData("newest", "systemd-sbsign")]
    public void A_unified_image_and_the_kernel_in_it_are_signed(string version, string signer)
    {
        string ukify = Fetched("systemd-ukify", version, "usr/bin/ukify"), stub = Fetched("systemd-boot-efi", version, "usr/lib/systemd/boot/efi/linuxx64.efi.stub");
        Tool.Require("/usr/bin/python3", "sbverify");
        File.Copy(DebianFiles.Named("cloud kernel amd64"), bench.Folder.At("vmlinuz"), overwrite: true);
        bench.Folder.File("initrd", "initrd"u8);
        File.Delete(bench.Folder.At("uki.efi"));
        Answer answer = bench.Run("/usr/bin/python3",
        [
            ukify, "build", "--linux", "vmlinuz", "--initrd", "initrd", "--cmdline", "quiet", "--stub", stub, "--tools", bench.Links, $"--signtool={signer}",
            "--secureboot-private-key", "db.key", "--secureboot-certificate", "db.pem", "--sign-kernel", "--os-release", "ID=x", "--uname", "6.12", "--output", "uki.efi",
        ]);
        answer.Exit.ShouldBe(0, answer.Error);
        bench.Theirs("sbverify", "--cert", "db.pem", "uki.efi").Exit.ShouldBe(0);
        bench.Shell("objcopy -O binary --only-section=.linux uki.efi inner.efi").Exit.ShouldBe(0);
        bench.Ours("sbverify", "--cert", "db.pem", "inner.efi").Output.ShouldBe("Signature verification OK\n");
    }

    [SkippableTheory]
    [InlineData("257")]
    [InlineData("newest")]
    public void A_kernel_that_is_signed_already_is_found_to_be_by_sbverify(string version)
    {
        string ukify = Fetched("systemd-ukify", version, "usr/bin/ukify"), stub = Fetched("systemd-boot-efi", version, "usr/lib/systemd/boot/efi/linuxx64.efi.stub");
        Tool.Require("/usr/bin/python3");
        File.Copy(DebianFiles.Named("cloud kernel amd64"), bench.Folder.At("vmlinuz"), overwrite: true);
        bench.Ours("sbsign", "--key", "db.key", "--cert", "db.pem", "--output", "vmlinuz.signed", "vmlinuz").Exit.ShouldBe(0);
        bench.Folder.File("initrd", "initrd"u8);
        foreach ((string kernel, int signatures) in ((string, int)[])[("vmlinuz", 2), ("vmlinuz.signed", 1)])
        {
            Answer answer = bench.Run("/usr/bin/python3",
            [
                ukify, "build", "--linux", kernel, "--initrd", "initrd", "--stub", stub, "--tools", bench.Links, "--signtool=sbsign",
                "--secureboot-private-key", "db.key", "--secureboot-certificate", "db.pem", "--os-release", "ID=x", "--uname", "6.12", "--output", "uki.efi",
            ]);
            answer.Exit.ShouldBe(0, answer.Error);
            // Without --sign-kernel ukify asks 'sbverify --list' and signs what has no table.
            (answer.Output + answer.Error).Split('\n').Count(line => line.Contains("/sbsign ", StringComparison.Ordinal)).ShouldBe(signatures, answer.Error);
        }
    }

    // 257 is that of Debian 13, the newest that of sid.
    internal static string Fetched(string package, string version, string file)
    {
        string debian = Path.Combine(DebianKernels.Cache, "debian");
        string? found = !Directory.Exists(debian) ? null
            : Directory.GetDirectories(debian, $"{package}_{(version == "newest" ? "" : version)}*_amd64").Order(StringComparer.Ordinal)
                .Select(folder => Path.Combine(folder, file)).LastOrDefault(File.Exists);
        Tool.Demand(found is not null,
            $"no {package} in {debian}; 'DEB_ARCH=amd64 build/debian-kernels.sh {Path.GetDirectoryName(debian)} {package}/trixie {package}/sid' fetches it");
        return found!;
    }
}
