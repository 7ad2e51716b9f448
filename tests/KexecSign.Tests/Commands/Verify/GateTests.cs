using System.Text;
using KexecSign.Batches;
using KexecSign.Commands.Modules;
using KexecSign.Commands.Uki;
using KexecSign.Commands.Verify;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Tests.Uki;

namespace KexecSign.Tests.Commands.Verify;

/// <summary>A tree as a kernel's package has it, held against a policy: whole, and with one file in it that must close the gate.</summary>
public sealed class GateTests : IDisposable
{
    private const string Release = "7.3.4-one";

    private static readonly TestSigner Firmware = TestSigners.Rsa2048, Modules = TestSigners.Other;

    private readonly UkiBench _uki = new();
    private readonly Bench _bench;
    private readonly string _tree;

    public GateTests()
    {
        _bench = _uki.Bench;
        _tree = _bench.Folder.Folder("tree");
        foreach (string folder in (string[])["boot", "EFI/Linux/linux.efi.extra.d", $"usr/lib/modules/{Release}/kernel/fs", $"usr/lib/modules/{Release}-two"])
            Directory.CreateDirectory(At(folder));
        File.Copy(_bench.SignedImage(Firmware), At("boot/vmlinuz-" + Release));
        File.Copy(_bench.SignedImage(Firmware), At($"usr/lib/modules/{Release}-two/vmlinuz"));
        Uki("EFI/Linux/linux.efi", Firmware);
        Addon("EFI/Linux/linux.efi.extra.d/console.addon.efi", Firmware);
        foreach (string name in (string[])["a.ko", "b.ko.xz", "c.ko.gz", "d.ko.zst"])
            Module($"usr/lib/modules/{Release}/kernel/fs/{name}", Modules);
        File.WriteAllText(At("boot/config-" + Release), "CONFIG_MODULES=y\n");
        File.WriteAllText(At("boot/vmlinuz-" + Release + ".sha256"), "beside it");
        // Of one package, to itself.
        File.CreateSymbolicLink(At("boot/vmlinuz"), "vmlinuz-" + Release);
        File.CreateSymbolicLink(At("boot/vmlinuz.old"), "/boot/vmlinuz-" + Release);
    }

    [SkippableFact]
    public void A_tree_whose_files_all_satisfy_the_policy_passes()
    {
        GateResult result = Gate();
        result.Exit.ShouldBe(ExitCode.Done, result.View().Title + string.Concat(result.Files.Select(f => f.Message)));
        result.Files.Select(f => (f.Kind, Path.GetFileName(f.File))).ShouldBe(
        [
            (GatedKind.Addon, "console.addon.efi"), (GatedKind.Image, "linux.efi"), (GatedKind.Image, "vmlinuz-" + Release),
            (GatedKind.Image, "vmlinuz"), (GatedKind.Module, "a.ko"), (GatedKind.Module, "b.ko.xz"), (GatedKind.Module, "c.ko.gz"),
            (GatedKind.Module, "d.ko.zst"),
        ], ignoreOrder: true);
        result.View().Title.ShouldStartWith("gate open: 8 of 8 file(s)");
    }

    [SkippableTheory]
    [InlineData("an unsigned module", "a.ko", "KS4141")]
    [InlineData("a packed module without a signature", "b.ko.xz", "KS4141")]
    [InlineData("a stranger's module", "stranger.ko", "KS4142")]
    [InlineData("a changed module", "changed.ko", "KS4143")]
    [InlineData("a module that is none", "cut.ko.zst", "KS3752")]
    [InlineData("an unsigned kernel in boot", "boot/vmlinuz-two", "KS4640")]
    [InlineData("an unsigned kernel among modules", "usr/lib/modules/7.4/vmlinuz", "KS4640")]
    [InlineData("a stranger's kernel with any name", "usr/lib/kernel.bin", "KS4640")]
    [InlineData("a kernel that is no EFI image", "boot/Image.gz", "KS")]
    [InlineData("an EFI image cut short", "EFI/BOOT/BOOTAA64.EFI", "KS")]
    [InlineData("a stranger's UKI", "EFI/Linux/stranger.efi", "KS4640")]
    [InlineData("an unsigned addon", "loader/addons/x.addon.efi", "KS4640")]
    [InlineData("a package", "linux.deb", "KS4168")]
    [InlineData("a link that leads out", "boot/linked.efi", "KS4167")]
    [InlineData("a link of any name that leads to an image", "boot/linked", "KS4167")]
    [InlineData("a link to a module elsewhere", "m.ko", "KS4167")]
    public void One_file_closes_the_gate(string what, string name, string code)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(name))!);
        string elsewhere = _bench.SignedImage(Firmware);
        switch (what)
        {
            case "an unsigned module" or "a packed module without a signature":
                Module(name, null);
                break;
            case "a stranger's module":
                Module(name, Firmware);
                break;
            case "a changed module":
                Module(name, Modules);
                byte[] bytes = File.ReadAllBytes(At(name));
                bytes[100] ^= 1;
                File.WriteAllBytes(At(name), bytes);
                break;
            case "a module that is none" or "a package":
                File.WriteAllText(At(name), "text");
                break;
            case "a kernel that is no EFI image":
                File.WriteAllBytes(At(name), [0x1F, 0x8B, 8, 0]);
                break;
            case "an EFI image cut short":
                File.WriteAllBytes(At(name), TestImage.Arm64().Bytes[..100]);
                break;
            case "a stranger's kernel with any name":
                File.Copy(_bench.SignedImage(Modules), At(name));
                break;
            case "a stranger's UKI":
                Uki(name, Modules);
                break;
            case "an unsigned addon":
                Addon(name, null);
                break;
            case "a link to a module elsewhere":
                File.CreateSymbolicLink(At(name), _bench.Folder.File("elsewhere.ko", "x"u8));
                break;
            case var link when link.StartsWith("a link", StringComparison.Ordinal):
                File.CreateSymbolicLink(At(name), elsewhere);
                break;
            default:
                File.WriteAllBytes(At(name), TestImage.Arm64().Bytes);
                break;
        }
        GateResult result = Gate();
        // What cannot be opened at all was not judged, and is no less closed for that.
        result.Exit.ShouldBe(what == "a module that is none" ? ExitCode.Failed : ExitCode.VerificationFailed, what);
        GatedFile failed = result.Files.Where(f => f.Status != FileStatus.Verified).ShouldHaveSingleItem();
        failed.File.ShouldBe(At(name));
        failed.Code.ShouldNotBeNull().ShouldStartWith(code);
        failed.Message.ShouldNotBeNull().ShouldContain(At(name));
        result.View().Title.ShouldStartWith("gate CLOSED: ");
    }

    [SkippableTheory]
    [InlineData("""{ "consumers": ["firmware"] }""", "a.ko", "KS4166", 4)]
    [InlineData("""{ "signatures": { "module": { } } }""", "linux.efi", "KS4166", 4)]
    [InlineData("""{ "consumers": ["firmware"], "signatures": { "module": { "digests": ["sha512"] } } }""", "a.ko", "KS4643", 4)]
    [InlineData("""{ "consumers": ["firmware"], "signatures": { "module": { "keys": ["db"] } } }""", "a.ko", "KS4642", 4)]
    [InlineData("""{ "consumers": ["firmware"], "signatures": { "module": { "keys": ["module"], "algorithms": ["rsa2048"] } } }""", null, null, 0)]
    [InlineData("""{ "consumers": ["firmware"], "signatures": { "module": { "validDays": 36500 } } }""", "a.ko", "KS4644", 4)]
    [InlineData("""{ "consumers": ["kexec"], "architecture": "arm64", "releases": ["6.1"], "sbat": { "required": false, "generations": { "linux": 1 } }, "signatures": { "module": { } } }""", "linux.efi", "KS", 4)]
    public void The_policy_decides_by_kind(string policy, string? name, string? code, int exit)
    {
        GateResult result = Gate(policy);
        ((int)result.Exit).ShouldBe(exit, string.Concat(result.Files.Select(f => f.Message)));
        if (name is null)
            return;
        result.Files.First(f => Path.GetFileName(f.File) == name).Code.ShouldNotBeNull().ShouldStartWith(code!);
        // What only a kernel can satisfy is not asked of an addon; firmware is.
        if (policy.Contains("releases", StringComparison.Ordinal))
            result.Files.Single(f => f.Kind == GatedKind.Addon).Status.ShouldBe(FileStatus.Verified);
    }

    [SkippableFact]
    public void An_addon_by_name_alone_is_judged_as_the_kernel_that_it_is()
    {
        File.Copy(_bench.SignedImage(Firmware), At("EFI/kernel.addon.efi"));
        GateResult result = Gate("""{ "consumers": ["firmware"], "releases": ["9.9"], "signatures": { "module": { } } }""");
        result.Files.Single(f => Path.GetFileName(f.File) == "kernel.addon.efi").Kind.ShouldBe(GatedKind.Image);
        result.Files.Single(f => Path.GetFileName(f.File) == "kernel.addon.efi").Code.ShouldBe("KS4722");
    }

    [SkippableFact]
    public void Nothing_to_judge_is_an_error()
    {
        string empty = _bench.Folder.Folder("empty");
        File.WriteAllText(Path.Combine(empty, "readme"), "nothing here");
        Refusal.Of("KS3901", () => Gate(files: empty), "empty");
        // Nor where another folder has something, and when a link is all there is.
        Refusal.Of("KS3901", () => Gate(files: [_tree, empty]), "empty");
        File.CreateSymbolicLink(Path.Combine(empty, "a.efi"), At("EFI/Linux/linux.efi"));
        Refusal.Of("KS3901", () => Gate(files: empty), "empty");
        Refusal.Of("KS3302", () => Gate("""{ "certificates": { "module": ["x"] } }"""), "no rule");
        Refusal.Of("KS3303", () => Gate("""{ "signatures": { "module": { "required": false } } }"""), "'required'");
    }

    [SkippableFact]
    public void Rules_for_modules_alone_are_no_policy_for_an_image()
    {
        string policy = _bench.Folder.File("modules.json", """{ "signatures": { "module": { } } }"""u8);
        Refusal.Of("KS3302", () => VerifyOperation.Definition.Run(new() { File = At("EFI/Linux/linux.efi"), Policy = policy }, _bench.Context), "only for modules");
    }

    public void Dispose() => _uki.Dispose();

    private string At(string name) => Path.Combine(_tree, name);

    private GateResult Gate(string policy = """{ "consumers": ["firmware"], "signatures": { "module": { } } }""", params string[] files)
    {
        string trusted = policy.Contains("certificates", StringComparison.Ordinal) ? policy
            : $$"""{ "certificates": { "db": ["{{Firmware.CertificateFile(_bench.Folder)}}"], "module": ["{{Modules.CertificateFile(_bench.Folder)}}"] }, """ + policy[1..];
        return GateOperation.Definition.Run(
            new() { Files = files.Length == 0 ? [_tree] : [.. files], Policy = _bench.Folder.File("policy.json", Encoding.UTF8.GetBytes(trusted)) },
            _bench.Context);
    }

    private void Uki(string name, TestSigner signer) =>
        _uki.Build(o => o with { Linux = _bench.SignedImage(signer), Contents = o.Contents with { Uname = "6" }, Signing = _bench.Identity(signer) }, At(name));

    private void Addon(string name, TestSigner? signer) => AddonBuildOperation.Definition.Run(
        new() { Architecture = "arm64", Contents = new() { CommandLine = "x" }, Output = At(name), Signing = signer is null ? new() : _bench.Identity(signer) },
        _bench.Context);

    private void Module(string name, TestSigner? signer)
    {
        byte[] content = new byte[20000];
        new Random(5).NextBytes(content.AsSpan(0, 10000));
        "\x7FELF"u8.CopyTo(content);
        ModuleCompression compression = name.EndsWith(".xz", StringComparison.Ordinal) ? ModuleCompression.Xz
            : name.EndsWith(".gz", StringComparison.Ordinal) ? ModuleCompression.Gzip
            : name.EndsWith(".zst", StringComparison.Ordinal) ? ModuleCompression.Zstd : ModuleCompression.None;
        File.WriteAllBytes(At(name), compression == ModuleCompression.None ? content : ModuleCodec.Close(content, compression).ToArray());
        if (signer is not null)
            ModuleSignOperation.Definition.Run(new() { Files = [At(name)], InPlace = true, Signing = _bench.Identity(signer) }, _bench.Context);
    }
}
