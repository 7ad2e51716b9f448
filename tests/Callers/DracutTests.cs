using System.Text;
using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>
/// dracut of Debian 12, and dracut-ng of Debian 13 and of sid, unchanged, with our commands where each looks for its signer: the
/// first two on DRACUT_PATH, the last on PATH, and there by ukify where there is one. dracut.conf is a script and may set either.
/// </summary>
[Collection(nameof(CompatBench))]
public sealed class DracutTests(CompatBench bench)
{
    private const string MachineId = "0123456789abcdef0123456789abcdef";
    private const string SystemPath = "/usr/sbin:/usr/bin:/sbin:/bin";
    private const string Sbat = "callers,1,Callers,callers,1,https://callers.example";

    [SkippableTheory]
    [InlineData("059", "objcopy", "file", "environment")]
    [InlineData("059", "objcopy", "engine", "dracut.conf")]
    [InlineData("106", "objcopy", "file", "dracut.conf")]
    [InlineData("106", "objcopy", "uri", "environment")]
    [InlineData("newest", "objcopy", "file", "environment")]
    [InlineData("newest", "objcopy", "engine", "dracut.conf")]
    [InlineData("newest", "objcopy", "uri", "environment")]
    [InlineData("newest", "ukify", "file", "dracut.conf")]
    [InlineData("newest", "ukify", "engine", "environment")]
    public void A_unified_image_is_signed(string version, string maker, string source, string place)
    {
        (Answer answer, string image) = Make(version, maker, source, place, ours: true);
        answer.Exit.ShouldBe(0, answer.Output + answer.Error);
        bench.RequireSignedByUs(image);
        if (version != "059")
            File.ReadAllBytes(image).AsSpan().IndexOf(Encoding.ASCII.GetBytes(Sbat)).ShouldBeGreaterThan(0);
        if (maker == "ukify")
        {
            bench.Shell($"objcopy -O binary --only-section=.linux '{image}' inner.efi").Exit.ShouldBe(0);
            bench.RequireSignedByUs(bench.Folder.At("inner.efi"));
        }
        if (source == "file")
        {
            Make(version, maker, source, place, ours: false).Answer.Exit.ShouldBe(0);
            bench.SaysWhenItWasSigned(image).ShouldBeTrue("by the other's variable dracut finds Debian's sbsign");
        }
    }

    [SkippableTheory]
    [InlineData("objcopy", "other", "KS2062")]
    [InlineData("ukify", "other", "KS2062")]
    [InlineData("objcopy", "tpm2", "KS3855")]
    [InlineData("ukify", "tpm2", "KS3855")]
    // ukify opens the key of a call without an engine, before it signs.
    [InlineData("ukify", "uri", "No such file or directory: 'pkcs11:")]
    public void What_cannot_be_signed_leaves_no_image(string maker, string source, string error)
    {
        (Answer answer, string image) = Make("newest", maker, source, "environment", ours: true);
        answer.Exit.ShouldBe(1);
        answer.Error.ShouldContain(error);
        File.Exists(image).ShouldBeFalse();
        if (source == "tpm2")
            answer.Error.ShouldContain("or name 'pkcs11' where the caller (ukify) needs one");
    }

    [SkippableTheory]
    [InlineData("objcopy")]
    [InlineData("ukify")]
    public void Kernel_install_has_dracut_make_a_signed_image(string maker)
    {
        string kernelInstall = new NewestSystemd(bench.Folder).Starting(UkifyTests.Fetched("systemd", "newest", "usr/bin/kernel-install"));
        (string program, var environment) = Dracut("newest");
        Tool.Require("sbverify", "objcopy");
        // It says what /etc/dracut.conf does on a machine: kernel-install's plugin names the kernel, its version and the image only.
        string ukify = maker == "ukify" ? "yes" : "no";
        Configure("file", $"uefi_stub=\"{Stub("newest")}\"\ndracutmodules=base\nno_kernel=yes\nukify={ukify}\n");
        string root = bench.Folder.Folder($"dracut-{maker}"), conf = Directory.CreateDirectory(Path.Combine(root, "conf")).FullName,
            boot = Directory.CreateDirectory(Path.Combine(root, "boot")).FullName, dracut = Path.Combine(root, "dracut");
        Directory.CreateDirectory(Path.Combine(boot, "EFI/Linux"));
        File.WriteAllText(Path.Combine(conf, "install.conf"), "layout=uki\ninitrd_generator=dracut\nuki_generator=dracut\n");
        File.WriteAllText(Path.Combine(conf, "entry-token"), MachineId + "\n");
        File.WriteAllText(Path.Combine(conf, "cmdline"), "quiet\n");
        File.WriteAllText(dracut, $"#!/bin/sh\nexec '{program}' {string.Join(' ', Configuration.Select(word => $"'{word}'"))} \"$@\"\n");
        File.SetUnixFileMode(dracut, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string[] plugins =
        [
            UkifyTests.Fetched("dracut-core", "newest", "usr/lib/kernel/install.d/50-dracut.install"),
            UkifyTests.Fetched("systemd", "newest", "usr/lib/kernel/install.d/90-uki-copy.install"),
        ];
        Answer answer = bench.Run(kernelInstall, ["add", "6.12.0", DebianFiles.Named("cloud kernel amd64")],
        [
            ("PATH", $"{root}:{bench.Links}:{PathOf(maker)}"), ("KERNEL_INSTALL_CONF_ROOT", conf),
            ("KERNEL_INSTALL_PLUGINS", string.Join(' ', plugins)), ("BOOT_ROOT", boot), ("MACHINE_ID", MachineId), .. environment,
        ]);
        answer.Exit.ShouldBe(0, answer.Output + answer.Error);
        answer.Error.Contains("sbsign --key", StringComparison.Ordinal).ShouldBe(maker == "ukify", answer.Error);
        bench.RequireSignedByUs(Path.Combine(boot, $"EFI/Linux/{MachineId}-6.12.0.efi"));
    }

    // Runs dracut with our commands on the variable that it reads, or on the one that it does not.
    private (Answer Answer, string Image) Make(string version, string maker, string source, string place, bool ours)
    {
        (string program, var environment) = Dracut(version);
        Tool.Require("sbverify", "objcopy");
        string image = bench.Folder.At("dracut.efi"), path = PathOf(maker), more = "";
        File.Delete(image);
        (string name, string value) = version == "newest" == ours
            ? ("PATH", $"{bench.Links}:{path}")
            : ("DRACUT_PATH", $"{bench.Links} {path.Replace(':', ' ')}");
        (string Name, string Value)[] variables = [("DRACUT_PATH", ""), ("PATH", path)];
        if (place == "dracut.conf")
            more = $"{name}=\"{value}\"\n";
        else
            variables = [.. variables, (name, value)];
        Configure(source, more);
        Answer answer = bench.Run(program,
        [
            .. Configuration, "--no-kernel", "-m", "base", "--uefi", "--uefi-stub", Stub(version),
            .. version == "059" ? Array.Empty<string>() : ["--sbat", Sbat],
            .. version == "newest" ? [maker == "ukify" ? "--ukify" : "--no-ukify"] : Array.Empty<string>(),
            "--kernel-image", DebianFiles.Named("cloud kernel amd64"), "--kernel-cmdline", "quiet", "--force", image, "6.12.0",
        ], [.. variables, .. environment, .. Token.Secrets(bench)]);
        return (answer, image);
    }

    // dracut-ng takes its scripts' folder and its native half from the environment.
    private (string Program, (string Name, string Value)[] Environment) Dracut(string version)
    {
        if (version == "059")
        {
            Tool.Require("/usr/bin/dracut");
            return ("/usr/bin/dracut", []);
        }
        string program = UkifyTests.Fetched("dracut-core", version, "usr/bin/dracut"),
            native = UkifyTests.Fetched("dracut-install", version, "usr/lib/dracut/dracut-install"),
            install = new NewestSystemd(bench.Folder).Starting(native, "libkmod2/libkmod.so.2", "libsystemd0/libsystemd.so.0");
        return (program, [("dracutbasedir", Path.GetFullPath(Path.Combine(program, "../../lib/dracut"))), ("DRACUT_INSTALL", install)]);
    }

    private string[] Configuration => ["--conf", bench.Folder.At("dracut.conf"), "--confdir", bench.Folder.Folder("dracut.d")];

    private void Configure(string source, string more)
    {
        string certificate = bench.Folder.At("db.pem");
        string key = source switch { "file" => bench.Folder.At("db.key"), "other" => bench.Folder.At("ima.key"), _ => Token.Uri };
        more += source switch
        {
            "engine" => "uefi_secureboot_engine=pkcs11\n",
            "tpm2" => "uefi_secureboot_engine=tpm2\n",
            _ => "",
        };
        if (source == "uri")
            certificate = $"{Token.Uri};type=cert";
        File.WriteAllText(bench.Folder.At("dracut.conf"), $"{more}uefi_secureboot_key=\"{key}\"\nuefi_secureboot_cert=\"{certificate}\"\n");
    }

    // Each with the stub of its own release.
    private static string Stub(string version) => UkifyTests.Fetched(
        "systemd-boot-efi", version switch { "059" => "252", "106" => "257", _ => version }, "usr/lib/systemd/boot/efi/linuxx64.efi.stub");

    // ukify of the same release, where dracut shall find one.
    private static string PathOf(string maker) => maker == "ukify"
        ? $"{Path.GetDirectoryName(UkifyTests.Fetched("systemd-ukify", "newest", "usr/bin/ukify"))}:{SystemPath}"
        : SystemPath;
}
