using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>kernel-install and mkosi, unchanged, with our commands where each of them looks for its signer.</summary>
[Collection(nameof(CompatBench))]
public sealed class ImageMakerTests(CompatBench bench)
{
    private const string MachineId = "0123456789abcdef0123456789abcdef";

    [SkippableTheory]
    [InlineData("257", "sbsign", "file")]
    [InlineData("257", "systemd-sbsign", "engine")]
    [InlineData("newest", "sbsign", "engine")]
    [InlineData("newest", "systemd-sbsign", "file")]
    [InlineData("newest", "systemd-sbsign", "provider")]
    public void Kernel_install_adds_a_signed_unified_image(string version, string signer, string source)
    {
        string kernelInstall = version == "newest"
            ? new NewestSystemd(bench.Folder).Starting(UkifyTests.Fetched("systemd", "", "usr/bin/kernel-install"))
            : "/usr/bin/kernel-install";
        Tool.Require("/usr/bin/kernel-install", "/usr/bin/python3", "sbverify");
        string root = bench.Folder.Folder("kernel-install"), conf = Directory.CreateDirectory(Path.Combine(root, "conf")).FullName,
            boot = Path.Combine(root, "boot"), plugins = Path.Combine(root, "plugins");
        Directory.CreateDirectory(plugins);
        if (Directory.Exists(boot))
            Directory.Delete(boot, recursive: true);
        Directory.CreateDirectory(Path.Combine(boot, "EFI/Linux"));
        File.WriteAllText(Path.Combine(conf, "install.conf"), "layout=uki\nuki_generator=ukify\n");
        File.WriteAllText(Path.Combine(conf, "entry-token"), MachineId + "\n");
        File.WriteAllText(Path.Combine(conf, "cmdline"), "quiet\n");
        File.WriteAllText(Path.Combine(conf, "uki.conf"),
            $"[UKI]\nSecureBootSigningTool={signer}\nSignKernel=yes\nOSRelease=ID=x\n" + source switch
            {
                "engine" => $"SigningEngine=pkcs11\nSecureBootPrivateKey={Token.Uri}\nSecureBootCertificate={bench.Folder.At("db.pem")}\n",
                "provider" => $"SigningProvider=pkcs11\nCertificateProvider=pkcs11\nSecureBootPrivateKey={Token.Uri}\nSecureBootCertificate={Token.Uri};type=cert\n",
                _ => $"SecureBootPrivateKey={bench.Folder.At("db.key")}\nSecureBootCertificate={bench.Folder.At("db.pem")}\n",
            });
        // Plugins start by 'env python3', and the machine's first one may not be Debian's.
        string[] links = [Plugin("60-ukify.install", UkifyTests.Fetched("systemd-ukify", version, "usr/lib/kernel/install.d/60-ukify.install")),
            Plugin("90-uki-copy.install", UkifyTests.Fetched("systemd", "", "usr/lib/kernel/install.d/90-uki-copy.install"))];
        Answer answer = bench.Run(kernelInstall, ["add", "6.12.0", DebianFiles.Named("cloud kernel amd64"), bench.Folder.File("initrd", "initrd"u8)],
        [
            ("PATH", $"{bench.Links}:/usr/bin:/usr/sbin:/bin:/sbin"), ("KERNEL_INSTALL_CONF_ROOT", conf), ("KERNEL_INSTALL_PLUGINS", string.Join(' ', links)),
            ("KERNEL_INSTALL_UKIFY", UkifyTests.Fetched("systemd-ukify", version, "usr/bin/ukify")),
            ("KERNEL_INSTALL_BOOT_STUB", UkifyTests.Fetched("systemd-boot-efi", version, "usr/lib/systemd/boot/efi/linuxx64.efi.stub")),
            ("BOOT_ROOT", boot), ("MACHINE_ID", MachineId), .. Token.Secrets(bench),
        ]);
        answer.Exit.ShouldBe(0, answer.Output + answer.Error);
        bench.RequireSignedByUs(Path.Combine(boot, $"EFI/Linux/{MachineId}-6.12.0.efi"));

        string Plugin(string name, string from)
        {
            string plugin = Path.Combine(plugins, name);
            File.Copy(from, plugin, overwrite: true);
            File.SetUnixFileMode(plugin, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return plugin;
        }
    }

    [SkippableTheory]
    [InlineData("sbsign")]
    [InlineData("systemd-sbsign")]
    public void Mkosi_builds_a_bootable_image_whose_kernel_is_signed(string signer)
    {
        string mkosi = UkifyTests.Fetched("mkosi", "newest", "usr/lib/python3/dist-packages/mkosi/__main__.py");
        Tool.Require("/usr/bin/python3", "sbverify", "gcc");
        // A system of a kernel, a stub and a depmod with nothing to do; what mkosi runs for signing it runs in its sandbox, so it is copied.
        Answer answer = bench.Run("bash", ["-ec", $"""
            rm -rf mkosi; mkdir -p mkosi/out mkosi/tools mkosi/tree/usr/lib/modules/6.12.0 mkosi/tree/usr/bin mkosi/tree/usr/lib/systemd/boot/efi mkosi/tree/etc mkosi/tree/boot mkosi/tree/efi
            cd mkosi; cp '{DebianFiles.Named("cloud kernel amd64")}' tree/usr/lib/modules/6.12.0/vmlinuz
            cp '{UkifyTests.Fetched("systemd-boot-efi", "newest", "usr/lib/systemd/boot/efi/linuxx64.efi.stub")}' tree/usr/lib/systemd/boot/efi/
            cp '{UkifyTests.Fetched("systemd-boot-efi", "newest", "usr/lib/systemd/boot/efi/linuxx64.efi.stub")}' tree/usr/lib/systemd/boot/efi/systemd-bootx64.efi
            printf 'ID=x\nPRETTY_NAME=x\nVERSION_ID=1\n' > tree/usr/lib/os-release; ln -s ../usr/lib/os-release tree/etc/os-release
            echo 'int main(void) [ return 0; ]' | tr '[]' '{'{'}{'}'}' | gcc -static -x c -o tree/usr/bin/depmod -
            cp -L "$(dirname '{ProgramUnderTest.Path}')"/{(ProgramUnderTest.Native is null ? "*" : Path.GetFileName(ProgramUnderTest.Path))} tools/ 2>/dev/null || true
            ln -s '{Path.GetFileName(ProgramUnderTest.Path)}' tools/{signer}; ln -s '{Path.GetFileName(ProgramUnderTest.Path)}' tools/sbverify
            sed '1s|.*|#!/usr/bin/python3|' '{UkifyTests.Fetched("systemd-ukify", "newest", "usr/bin/ukify")}' > tools/ukify; chmod +x tools/ukify
            echo initrd > initrd
            exec /usr/bin/python3 -m mkosi --directory '' --distribution custom --base-tree tree --format directory --bootable yes --bootloader uki \
                --unified-kernel-images unsigned --initrd "$PWD/initrd" --secure-boot yes --secure-boot-auto-enroll no --secure-boot-sign-tool {signer} \
                --secure-boot-key "$PWD/../db.key" --secure-boot-certificate "$PWD/../db.pem" --extra-search-path "$PWD/tools" --output-dir "$PWD/out" \
                --kernel-command-line quiet --output image -f build
            """], ("PYTHONPATH", Path.GetDirectoryName(Path.GetDirectoryName(mkosi))!), ("PATH", "/usr/bin:/usr/sbin:/bin:/sbin"));
        Skip.If(answer.Error.Contains("user namespace", StringComparison.Ordinal), "mkosi cannot make its sandbox here");
        answer.Exit.ShouldBe(0, answer.Output + answer.Error);
        bench.RequireSignedByUs(bench.Folder.At("mkosi/out/image.efi"));
    }
}
