using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>Builds that sign modules: the kernel's own Makefile.modinst, DKMS's framework.conf, and the brp scripts of rpm.</summary>
[Collection(nameof(CompatBench))]
public sealed class KernelBuildTests(CompatBench bench)
{
    [SkippableFact]
    public void Modules_install_of_the_kernels_makefile_signs_every_module()
    {
        Tool.Require(Tool.SignFile, "make");
        string tree = Tree(8);
        Answer answer = bench.Run("make", ["-s", "-C", tree, .. Modinst(tree)]);
        answer.Exit.ShouldBe(0, answer.Output + answer.Error);
        string[] installed = Directory.GetFiles(Path.Combine(tree, "installed"), "*.ko", SearchOption.AllDirectories);
        installed.Length.ShouldBe(8);
        foreach (string module in installed)
        {
            string reference = Path.Combine(tree, Path.GetFileName(module));
            bench.Theirs(Tool.SignFile, "sha256", "ima.key", "ima.x509", reference, reference + ".signed").Exit.ShouldBe(0);
            File.ReadAllBytes(module).ShouldBe(File.ReadAllBytes(reference + ".signed"));
        }
    }

    [SkippableFact]
    public void The_same_with_a_tokens_key_under_the_agent_logs_in_once()
    {
        Tool.Require(Tool.SignFile, "make");
        string pin = Token.Make(bench), tree = Tree(6, Token.Uri);
        File.Delete(bench.Folder.At("audit.jsonl"));
        Answer answer = bench.Run(Path.Combine(bench.Links, "kexecsign"),
        [
            "agent", "--key", Token.Uri, "--kind", "module", "--pin-file", pin, "--audit", "audit.jsonl", "--",
            "make", "-s", "-j2", "-C", tree, .. Modinst(tree),
        ], Token.Environment(bench));
        answer.Exit.ShouldBe(0, answer.Output + answer.Error);
        foreach (string module in Directory.GetFiles(Path.Combine(tree, "installed"), "*.ko", SearchOption.AllDirectories))
        {
            string reference = Path.Combine(tree, Path.GetFileName(module));
            bench.Theirs(Tool.SignFile, "sha256", "db.key", "db.x509", reference, reference + ".signed").Exit.ShouldBe(0);
            File.ReadAllBytes(module).ShouldBe(File.ReadAllBytes(reference + ".signed"));
        }
        File.ReadAllLines(bench.Folder.At("audit.jsonl")).Count(line => line.Contains("\"what\":\"sign\"", StringComparison.Ordinal)).ShouldBe(6);
    }

    [SkippableFact]
    public void Dkms_signs_with_the_sign_file_of_framework_conf()
    {
        Tool.Require("dkms", "make");
        string root = bench.Folder.Folder("dkms"), source = Directory.CreateDirectory(Path.Combine(root, "src", "callers-1.0")).FullName;
        File.WriteAllText(Path.Combine(source, "dkms.conf"), """
            PACKAGE_NAME=callers
            PACKAGE_VERSION=1.0
            BUILT_MODULE_NAME[0]=callers
            DEST_MODULE_LOCATION[0]=/updates
            MAKE[0]="cp callers.bin callers.ko"
            CLEAN="true"
            AUTOINSTALL=yes
            """ + "\n");
        File.WriteAllBytes(Path.Combine(source, "callers.bin"), [.. Enumerable.Range(0, 9000).Select(i => (byte)(i & 0xFF))]);
        File.WriteAllText(Path.Combine(root, "framework.conf"), $"""
            sign_file="{bench.Links}/sign-file"
            mok_signing_key="{bench.Folder.At("ima.key")}"
            mok_certificate="{bench.Folder.At("ima.x509")}"
            """ + "\n");
        string headers = Directory.CreateDirectory(Path.Combine(root, "headers")).FullName;
        File.WriteAllText(Path.Combine(headers, ".config"), "CONFIG_MODULES=y\nCONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_HASH=\"sha256\"\n");
        Directory.CreateDirectory(Path.Combine(headers, "include"));
        Directory.CreateDirectory(Path.Combine(root, "tree"));
        Answer answer = bench.Run("unshare",
        [
            "-m", "bash", "-ec",
            $"mount --bind {root}/framework.conf /etc/dkms/framework.conf; dkms build --dkmstree {root}/tree --sourcetree {root}/src --kernelsourcedir {headers} -k 6.1.0-callers -a x86_64 callers/1.0",
        ]);
        Tool.Demand(!answer.Error.Contains("unshare failed", StringComparison.Ordinal) && !answer.Error.Contains("mount: ", StringComparison.Ordinal), answer.Error);
        answer.Exit.ShouldBe(0, answer.Output + answer.Error);
        string built = Directory.GetFiles(Path.Combine(root, "tree"), "callers.ko*", SearchOption.AllDirectories)
            .Where(file => file.Contains("/module/", StringComparison.Ordinal)).ShouldHaveSingleItem();
        bench.Run(Path.Combine(bench.Links, "kexecsign"), ["module", "verify", built, "--cert", "ima.pem"]).Exit.ShouldBe(0);
    }

    [SkippableFact]
    public void The_brp_script_of_kernel_packages_signs_what_rpm_installs()
    {
        Tool.Require(Tool.SignFile, "rpmbuild");
        string root = bench.Folder.Folder("rpm");
        File.WriteAllText(Path.Combine(root, "k.spec"), $$"""
            Name: callers
            Version: 1
            Release: 1
            Summary: s
            License: MIT
            BuildArch: noarch
            %define __modsign_install_post find "%{buildroot}/lib/modules" -name '*.ko' | xargs -r -n1 {{bench.Links}}/sign-file sha256 {{bench.Folder.At("ima.key")}} {{bench.Folder.At("ima.x509")}}
            %define __os_install_post %{nil}
            %define __spec_install_post %{__os_install_post} %{__modsign_install_post}
            %description
            d
            %install
            mkdir -p %{buildroot}/lib/modules/1/kernel
            for i in 1 2 3; do printf "module $i" > %{buildroot}/lib/modules/1/kernel/$i.ko; done
            %files
            /lib/modules/1
            """ + "\n");
        Answer answer = bench.Run("rpmbuild", ["-bb", "--define", $"_topdir {root}", Path.Combine(root, "k.spec")]);
        answer.Exit.ShouldBe(0, answer.Output + answer.Error);
        bench.Shell("cd rpm && rpm2cpio RPMS/noarch/*.rpm | cpio -idm --quiet").Exit.ShouldBe(0);
        for (int i = 1; i <= 3; i++)
        {
            string reference = bench.Folder.File($"rpm-{i}.ko", System.Text.Encoding.ASCII.GetBytes($"module {i}"));
            bench.Theirs(Tool.SignFile, "sha256", "ima.key", "ima.x509", reference).Exit.ShouldBe(0);
            File.ReadAllBytes(Path.Combine(root, $"lib/modules/1/kernel/{i}.ko")).ShouldBe(File.ReadAllBytes(reference));
        }
    }

    [SkippableFact]
    public void Debians_rules_attach_what_the_signing_service_gave()
    {
        bench.Folder.File("vmlinuz", TestImage.Arm64().Bytes);
        bench.Theirs("sbsign", "--key", "db.key", "--cert", "db.pem", "--detached", "--output", "vmlinuz.sig", "vmlinuz").Exit.ShouldBe(0);
        bench.Folder.File("module.ko", "a module"u8);
        bench.Theirs(Tool.SignFile, "-d", "sha256", "ima.key", "ima.x509", "module.ko").Exit.ShouldBe(0);
        // As debian/rules.real of linux-signed-* has it.
        Answer answer = bench.Shell("""
            set -e; PATH=$C:$PATH
            cp vmlinuz boot; sbattach --attach vmlinuz.sig boot
            cat module.ko module.ko.p7s >/dev/null; sign-file -s module.ko.p7s sha256 ima.x509 module.ko
            """);
        answer.Exit.ShouldBe(0, answer.Error);
        bench.Theirs("sbverify", "--cert", "db.pem", "boot").Exit.ShouldBe(0);
    }

    // What the top Makefile hands over.
    private static string[] Modinst(string tree) =>
        ["-f", "scripts/Makefile.modinst", "srctree=.", "objtree=.", "MODORDER=modules.order", "extmod_prefix=", "MODLIB=" + tree + "/installed", "Q=@", "KBUILD_VERBOSE=0", "quiet=quiet_"];

    // The kernel's scripts as Debian packages them, sign-file alone being ours.
    private string Tree(int modules, string? key = null)
    {
        string tree = bench.Folder.Folder(Guid.NewGuid().ToString("N")), kbuild = "/usr/lib/linux-kbuild-6.1/scripts";
        Directory.CreateDirectory(Path.Combine(tree, "include/config"));
        Directory.CreateDirectory(Path.Combine(tree, "certs"));
        Directory.CreateDirectory(Path.Combine(tree, "scripts"));
        foreach (string file in Directory.GetFileSystemEntries(kbuild).Where(file => Path.GetFileName(file) != "sign-file"))
            File.CreateSymbolicLink(Path.Combine(tree, "scripts", Path.GetFileName(file)), file);
        File.CreateSymbolicLink(Path.Combine(tree, "scripts/sign-file"), Path.Combine(bench.Links, "sign-file"));
        string name = key is null ? bench.Folder.At("ima.key") : key;
        File.WriteAllText(Path.Combine(tree, "include/config/auto.conf"),
            $"CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_ALL=y\nCONFIG_MODULE_SIG_HASH=sha256\nCONFIG_MODULE_SIG_KEY={name}\n");
        File.Copy(bench.Folder.At(key is null ? "ima.x509" : "db.x509"), Path.Combine(tree, "certs/signing_key.x509"));
        string[] names = [.. Enumerable.Range(0, modules).Select(i => $"m{i}.ko")];
        File.WriteAllLines(Path.Combine(tree, "modules.order"), names);
        foreach (string module in names)
            File.WriteAllText(Path.Combine(tree, module), $"the module {module}");
        return tree;
    }
}
