using KexecSign.Fixtures;

namespace KexecSign.Pipelines.Tests;

/// <summary>
/// The gate of each CI system over a tree with kernels where distributions have them, modules that the kernel's own sign-file signed, an
/// addon and a unified kernel image that sbsign signed: it passes, and each thing that must close it does.
/// </summary>
public sealed class GateTests : IDisposable
{
    private const string Modules = "out/usr/lib/modules/7.3.4/kernel/fs", Addon = "out/EFI/Linux/linux.efi.extra.d/console.addon.efi";

    private readonly Runner _runner = new();

    [SkippableTheory]
    [InlineData("github")]
    [InlineData("gitlab")]
    [InlineData("azure")]
    [InlineData("tekton")]
    [InlineData("kubernetes")]
    public void It_covers_modules_addons_and_kernels_wherever_they_lie(string system)
    {
        Tool.Require(Tool.SignFile, "sbsign", "xz", "zstd");
        (string script, Dictionary<string, string> environment) = Gates.Of(system, _runner);
        Tree();
        _runner.Run(script, environment).ShouldContain("gate open: 9 of 9 file(s)");
        Closes("an unsigned module", $"cp unsigned.ko {Modules}/e.ko", "KS4141", $"{Modules}/e.ko");
        Closes("a packed one", $"zstd -q unsigned.ko -o {Modules}/e.ko.zst", "KS4141", $"{Modules}/e.ko.zst");
        Closes("a stranger's module", $"cp unsigned.ko {Modules}/e.ko; {Tool.SignFile} sha256 elsewhere.key elsewhere.pem {Modules}/e.ko", "KS4142", $"{Modules}/e.ko");
        Closes("a module that strip changed", $"cp {Modules}/a.ko {Modules}/e.ko; strip --strip-debug {Modules}/e.ko", "KS4141", $"{Modules}/e.ko");
        Closes("an unsigned kernel among modules", "mkdir -p out/usr/lib/modules/7.4; cp image0 out/usr/lib/modules/7.4/vmlinuz", "KS4640", "out/usr/lib/modules/7.4/vmlinuz");
        Closes("an unsigned kernel in boot", "cp image0 out/boot/vmlinuz-7.4", "KS4640", "out/boot/vmlinuz-7.4");
        Closes("a stranger's addon", $"rm {Addon}; sbsign --key elsewhere.key --cert elsewhere.pem --output {Addon} addon 2>&1", "KS4640", Addon);
        Tree();
        Closes("nothing at all", "rm -r out; mkdir out; echo text > out/readme", "KS3901", "out");

        void Closes(string what, string change, string code, string file)
        {
            _runner.Run("rm -rf kept; cp -a out kept");
            _runner.Run(change);
            (int exit, string output) = _runner.Ask(script, environment);
            exit.ShouldNotBe(0, $"{what}\n{output}");
            output.ShouldContain($"{code}: ");
            output.ShouldContain(file);
            _runner.Run("rm -rf out; mv kept out");
        }
    }

    public void Dispose() => _runner.Dispose();

    private void Tree()
    {
        if (!File.Exists(_runner.At("modules.key")))
        {
            foreach (string name in (string[])["modules", "addons", "elsewhere"])
                Tool.Run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", _runner.At(name + ".key"), "-out", _runner.At(name + ".pem"), "-subj", "/CN=" + name, "-days", "90");
            File.WriteAllText(_runner.At("m.c"), "const char license[] = \"GPL\";");
            _runner.Run("gcc -g -c -o unsigned.ko m.c");
            File.WriteAllText(_runner.At(Gates.Policy), """
                {
                  "certificates": { "db": ["db.pem", "addons.pem"], "ima": ["ima.pem"], "module": ["modules.pem"] },
                  "consumers": ["firmware"],
                  "signatures": { "outer": { "digests": ["sha256"] }, "module": { "keys": ["module"], "validDays": 30 } },
                }
                """);
            _runner.Run("kexecsign addon build --arch arm64 --cmdline quiet -o x.addon.efi && mv x.addon.efi addon");
        }
        _runner.Run($"""
            rm -rf out; kexecsign build kernel.plan.json --keys keys/release.keys.json --report report-1.json --rebuild
            mkdir -p out/boot out/usr/lib/modules/7.3.4-two {Modules} {Path.GetDirectoryName(Addon)}
            mv out/1.efi out/boot/vmlinuz-7.3.4; mv out/1.efi.sig out/boot/vmlinuz-7.3.4.sig
            mv out/2.efi out/usr/lib/modules/7.3.4-two/vmlinuz; mv out/2.efi.sig out/usr/lib/modules/7.3.4-two/vmlinuz.sig
            ln -s vmlinuz-7.3.4 out/boot/vmlinuz
            for name in a b c d; do
                cp unsigned.ko {Modules}/$name.ko; {Tool.SignFile} sha256 modules.key modules.pem {Modules}/$name.ko
            done
            xz --check=crc32 {Modules}/b.ko; gzip {Modules}/c.ko; zstd -q --rm {Modules}/d.ko
            sbsign --key addons.key --cert addons.pem --output {Addon} addon 2>&1
            kexecsign uki build --stub '{DebianFiles.Named("newer stub arm64")}' --linux out/0.efi --cmdline quiet --uname 7.3.4 -o uki.efi -q
            sbsign --key addons.key --cert addons.pem --output out/EFI/Linux/linux.efi uki.efi 2>&1
            rm uki.efi
            """, _runner.Release);
    }
}
