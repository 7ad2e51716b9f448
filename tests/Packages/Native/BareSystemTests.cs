using KexecSign.Fixtures;

namespace KexecSign.Packages.Tests.Native;

/// <summary>The .deb in bare Debian systems, as on the machine of somebody who has nothing else.</summary>
[Collection(NativePackagesGroup.Name)]
public sealed class BareSystemTests(NativePackages packages)
{
    private const string Linker = "binutils-aarch64-linux-gnu";

    [SkippableTheory]
    [InlineData("bookworm", "libssl3")]
    [InlineData("trixie", "libssl3t64")]
    public void The_package_installs_signs_verifies_builds_and_goes_without_a_trace(string suite, string libssl)
    {
        using BareSystem system = Prepared(suite, libssl);
        string[] before = Files(system);

        system.Run("dpkg -i /work/kexecsign.deb").ShouldNotContain("warning");
        system.Run("kexecsign --version").ShouldStartWith("kexecsign 0.");
        system.Run($"kexecsign sign {SigningFiles.Image} --key db.key --cert db.pem -o signed");
        system.Run("kexecsign verify signed --for firmware --cert db.pem");
        Tool.Run("sbverify", "--cert", system.At("work/db.pem"), system.At("work/signed"));
        // The names that build systems know are links to the program.
        system.Run("for name in $(kexecsign as --list); do test -x /usr/libexec/kexecsign/compat/$name || exit 1; done; test \"$(kexecsign as --list | wc -l)\" -ge 7");
        system.Run("/usr/libexec/kexecsign/compat/sbverify --cert db.pem signed").ShouldContain("OK");
        foreach ((string compression, string level) in new[] { ("gzip", "6"), ("zstd", "3") })
        {
            string report = system.Run($"kexecsign zboot build --kit kit --image Image --compression {compression} --level {level} -o {compression}.efi --json");
            report.ShouldContain(compression == "gzip" ? "\"library\": \"libdeflate 1." : "\"library\": \"ZstdSharp.Port");
            system.Run($"kexecsign zboot extract {compression}.efi -o {compression}.Image && cmp -n $(stat -c %s Image) Image {compression}.Image");
        }

        system.Run("dpkg --purge kexecsign");
        system.Ask("command -v kexecsign").Exit.ShouldNotBe(0);
        Files(system).Except(before).Where(file => !file.StartsWith("/work/", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [SkippableFact]
    public void Without_libssl_there_is_one_line_with_a_code()
    {
        using BareSystem system = Prepared("bookworm", "libssl3");
        system.Run("dpkg --purge --force-depends libssl3");
        Output install = system.Ask("dpkg -i /work/kexecsign.deb");
        install.Exit.ShouldNotBe(0);
        install.Text.ShouldContain("libssl3");

        system.Run("kexecsign --version").ShouldStartWith("kexecsign ");
        system.Run("kexecsign sign --help").ShouldContain("Usage: ");
        foreach (string command in new[] { $"sign {SigningFiles.Image} --key db.key --cert db.pem -o signed", $"verify {SigningFiles.Image} --cert db.pem", $"inspect {SigningFiles.Image}" })
        {
            Output refused = system.Ask("kexecsign " + command);
            refused.Exit.ShouldBe(1, refused.Text);
            string[] lines = refused.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            lines.Length.ShouldBe(1, refused.Text);
            lines[0].ShouldStartWith("KS5010: ");
        }
        File.Exists(system.At("work/signed")).ShouldBeFalse();
    }

    private BareSystem Prepared(string suite, string libssl)
    {
        string deb = packages.Deb();
        BareSystem system = BareSystem.Of(suite, libssl, Linker);
        Directory.CreateDirectory(system.At("work"));
        system.Put(deb, "work/kexecsign.deb");
        system.Put(DebianKernels.Kit(), "work/kit");
        SigningFiles.Write(system.At("work"));
        File.Copy(system.At("work/" + SigningFiles.Image), system.At("work/Image"));
        return system;
    }

    // What dpkg itself writes about packages is not a trace.
    private static string[] Files(BareSystem system) =>
        system.Run("find / -xdev -path /proc -prune -o -path /dev -prune -o -path /var/lib/dpkg -prune -o -path /var/log -prune -o -print").Split('\n');
}
