using System.Security.Cryptography;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Modules;
using KexecSign.Commands.Offline;
using KexecSign.Commands.Sign;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Fixtures;
using KexecSign.Formats.Cpio;
using KexecSign.Formats.Layouts;
using KexecSign.Signing;
using KexecSign.Tests.Peers;

namespace KexecSign.Tests.Commands.Offline;

/// <summary>
/// Archives of the Open Build Service: GNU cpio, openssl and pesign do with them what brp-99-pesign, the service's signer and
/// pesign-repackage.spec have them do.
/// </summary>
public sealed class ObsArchiveTests : IDisposable
{
    private const string Kernel = "boot/vmlinuz", Module = "lib/modules/6.12/a.ko", Appraised = "usr/bin/tool";

    private static readonly TestSigner Signer = TestSigners.Rsa2048;

    private readonly Bench _bench = new();
    private readonly string _archive;
    private readonly string _before = Directory.GetCurrentDirectory();

    public ObsArchiveTests() => _archive = _bench.Folder.At("kernel.cpio.rsasign");

    public void Dispose()
    {
        Directory.SetCurrentDirectory(_before);
        _bench.Dispose();
    }

    [SkippableFact]
    public void What_brp_99_pesign_packs_is_signed_as_the_service_does()
    {
        string root = Root("root");
        PackAsBrp(root);
        BundleSign();
        string here = Unpack(_archive + ".sig", "signed");
        foreach (string name in (string[])[Kernel, Module, Appraised])
        {
            string packed = Path.Combine(_bench.Folder.At("packed"), name), theirs = _bench.Folder.At("theirs");
            Tool.Run("openssl", "dgst", "-sha256", "-sign", Signer.KeyFile(_bench.Folder), "-out", theirs, packed);
            File.ReadAllBytes(Path.Combine(here, name + ".sig")).ShouldBe(File.ReadAllBytes(theirs));
        }
    }

    // What pesign-repackage.spec does with the kernel, and what it asks of it.
    [SkippableFact]
    public void What_is_prepared_here_pesign_attaches_as_pesign_repackage_does()
    {
        Tool.Require("pesign", "certutil", "pk12util");
        string root = Root("root");
        Directory.SetCurrentDirectory(root);
        Round("prepare:" + _archive);
        BundleSign();
        string members = Unpack(_archive, "members"), signed = Unpack(_archive + ".sig", "signed"), image = Path.Combine(root, Kernel);
        string nss = NssDatabase.Of(Signer, _bench.Folder), made = _bench.Folder.At("made");
        string before = Tool.Run("pesign", "-n", nss, "-h", "-P", "-i", image);
        Tool.Run("openssl", "pkeyutl", "-verifyrecover", "-certin", "-inkey", Signer.CertificateFile(_bench.Folder), "-in", Path.Combine(signed, Kernel + ".sig"));
        Tool.Run("pesign", "-n", nss, "-c", NssDatabase.Nickname, "-i", image, "-o", made, "-d", "sha256",
            "-I", Path.Combine(members, Kernel), "-R", Path.Combine(signed, Kernel + ".sig"));
        Tool.Run("pesign", "-n", nss, "-h", "-P", "-i", made).Split(' ')[0].ShouldBe(before.Split(' ')[0]);
        Tool.Run("sbverify", "--cert", Signer.CertificateFile(_bench.Folder), made);
        File.ReadAllBytes(Path.Combine(members, Module)).ShouldBe(File.ReadAllBytes(Path.Combine(root, Module)));
    }

    [SkippableFact]
    public void What_comes_back_is_attached_as_by_a_key_at_hand()
    {
        string here = Root("here"), there = Root("there");
        Directory.SetCurrentDirectory(here);
        Round(null);
        Directory.SetCurrentDirectory(there);
        Round("prepare:" + _archive);
        Directory.GetFiles(there, "*.sig", SearchOption.AllDirectories).ShouldBeEmpty();
        SignAsTheService();
        Round("attach:" + _archive + ".sig");
        foreach (string name in (string[])[Module, Appraised, Appraised + ".sig"])
            File.ReadAllBytes(Path.Combine(there, name)).ShouldBe(File.ReadAllBytes(Path.Combine(here, name)), name);
        // The statement in it has pesign's form, which is as good.
        Tool.Run("sbverify", "--cert", Signer.CertificateFile(_bench.Folder), Path.Combine(there, Kernel));
        Bench.KernelAccepts(Path.Combine(there, Kernel), Signer).ShouldBeTrue();
        Tool.Run("evmctl", "ima_verify", "--key", _bench.Folder.File("ima.der", Signer.Certificate.RawData), "--sigfile", Path.Combine(there, Appraised));
    }

    // pesign makes attributes of its own, with a time in them: the statement must be theirs.
    [SkippableFact]
    public void Modules_and_images_of_an_archive_that_brp_99_pesign_made_are_attached()
    {
        string root = Root("root"), bundle = _bench.Folder.At("bundle"), made = _bench.Folder.At("made");
        string image = Path.Combine(root, Kernel), certificate = Signer.CertificateFile(_bench.Folder);
        PackAsBrp(root);
        SignAsTheService();
        Run(PrepareOperation.Definition, new PrepareOptions { Files = [image], Certificate = certificate, Bundle = bundle, Level = BundleLevel.Digest });
        Run(AttachOperation.Definition, new AttachOptions { Bundle = bundle, Certificate = certificate, Output = made, Answers = [_archive, _archive + ".sig"] });
        Tool.Run("sbverify", "--cert", certificate, made);
        Directory.SetCurrentDirectory(root);
        Run(ModuleSignOperation.Definition, new ModuleSignOptions { Files = [Module], InPlace = true, Signing = There("attach:" + _archive + ".sig") });
        Run(ModuleVerifyOperation.Definition, new ModuleVerifyOptions { Files = [Module], Certificates = [certificate] }).Exit.ShouldBe(ExitCode.Done);
    }

    [Fact]
    public void Files_outside_the_build_root_hashes_alone_and_other_keys_are_refused()
    {
        string root = Root("root"), outside = _bench.Folder.File("outside.ko", new byte[100]);
        Directory.SetCurrentDirectory(root);
        SigningOptions there = There("prepare:" + _archive);
        Refusal.Of("KS3729", () => Run(ModuleSignOperation.Definition, new ModuleSignOptions { Files = [outside], InPlace = true, Signing = there }), outside);
        Refusal.Of("KS3728", () => Run(ModuleSignOperation.Definition, new ModuleSignOptions
        {
            Files = [Module],
            InPlace = true,
            Signing = there with { Digest = "sha512" },
        }), "sha512");
        Refusal.Of("KS3728", () => Run(ModuleSignOperation.Definition, new ModuleSignOptions
        {
            Files = [Module],
            InPlace = true,
            Signing = _bench.Identity(TestSigners.P256) with { Key = "prepare:" + _archive },
        }), "RSA alone");
        File.Exists(_archive).ShouldBeFalse();
    }

    [Theory]
    [InlineData(0, "a header is cut")]
    [InlineData(3, "no header of the format newc")]
    [InlineData(56, "are promised")]
    [InlineData(96, "a name of")]
    [InlineData(20, "is no number")]
    public void A_broken_archive_is_refused_at_its_offset(int at, string says)
    {
        byte[] archive = Bytes([("a.ko", new byte[10])]);
        if (at > 0)
            archive[at] = at is 56 or 96 ? (byte)'F' : (byte)'z';
        File.WriteAllBytes(_archive, at == 0 ? archive[..90] : archive);
        Refusal.Of("KS1901", BundleSign, "0x", says);
        File.Exists(_archive + ".sig").ShouldBeFalse();
    }

    [Fact]
    public void An_archive_with_two_files_of_one_name_and_attributes_that_are_none_are_refused()
    {
        File.WriteAllBytes(_archive, Bytes([("a", new byte[10]), ("a", new byte[11])]));
        Refusal.Of("KS3728", BundleSign, "one name");
        // A set of attributes, and not those of an image.
        File.WriteAllBytes(_archive, Bytes([("a", [0x31, 0x07, 0x30, 0x05, 0x06, 0x01, 0x2A, 0x31, 0x00])]));
        Refusal.Of("KS1511", BundleSign);
        File.WriteAllBytes(_archive + ".sig", Bytes([("a.sig", new byte[5000])]));
        Directory.SetCurrentDirectory(Root("root"));
        Refusal.Of("KS3728", () => Run(ModuleSignOperation.Definition,
            new ModuleSignOptions { Files = [Module], InPlace = true, Signing = There("attach:" + _archive + ".sig") }), "0x1388 bytes");
    }

    // Its bare signature would be one of the file whose digest it holds, by another byte of a version.
    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void An_archive_with_what_version_3_signs_is_refused_by_the_files_name(byte type)
    {
        byte[] fileId = [type, 4, .. new byte[32]];
        File.WriteAllBytes(_archive, Bytes([("boot/a.ko", new byte[10]), ("boot/odd", fileId)]));
        Refusal.Of("KS3334", BundleSign, _archive + ": boot/odd: ");
        File.Exists(_archive + ".sig").ShouldBeFalse();
        File.WriteAllBytes(_archive, Bytes([("boot/odd", [.. fileId, 0])]));
        BundleSign();
        File.Exists(_archive + ".sig").ShouldBeTrue();
    }

    private static byte[] Bytes((string Name, byte[] Content)[] files)
    {
        Layout archive = NewcArchive.Write(files.Select(file => (file.Name, 0x1A4u, Layout.Of(file.Content))));
        return archive.ReadBytes(0, archive.Length);
    }

    private OperationResult Run(Operation operation, object options) => operation.Run(options, _bench.Context);

    private void BundleSign() => Run(BundleSignOperation.Definition, new BundleSignOptions { Bundle = _archive, Signing = _bench.Identity(Signer) });

    private SigningOptions There(string key) => _bench.Identity(Signer) with { Key = key };

    // The kernel, its module and a file for IMA, one command after the other, as a spec file would have them.
    private void Round(string? key)
    {
        SigningOptions signing = key is null ? _bench.Identity(Signer) : There(key);
        bool prepares = key?.StartsWith("prepare:", StringComparison.Ordinal) == true;
        foreach ((Operation operation, object options) in (ReadOnlySpan<(Operation, object)>)
        [
            (SignOperation.Definition, new SignOptions { Files = [Kernel], InPlace = true, Signing = signing }),
            (ModuleSignOperation.Definition, new ModuleSignOptions { Files = [Module], InPlace = true, Signing = signing }),
            (ImaSignOperation.Definition, new ImaSignOptions { Files = [Appraised], Sidecar = true, Signing = signing }),
        ])
            (Run(operation, options) is BundledResult).ShouldBe(prepares);
    }

    private string Root(string name)
    {
        string root = _bench.Folder.Folder(name);
        foreach ((string path, byte[] content) in (ReadOnlySpan<(string, byte[])>)
            [(Kernel, TestImage.Arm64().Bytes), (Module, [0x7F, .. "ELF"u8, .. new byte[3001]]), (Appraised, [1, 2, 3])])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(root, path))!);
            File.WriteAllBytes(Path.Combine(root, path), content);
        }
        return root;
    }

    private void PackAsBrp(string root)
    {
        Tool.Require("pesign", "certutil", "cpio");
        string packed = _bench.Folder.Folder("packed"), nss = _bench.Folder.Folder("empty-nss");
        Tool.Run("certutil", "-N", "-d", nss, "--empty-password");
        foreach (string name in (string[])[Kernel, Module, Appraised])
        {
            string target = Path.Combine(packed, name);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (name == Kernel)
                Tool.Run("pesign", "--certdir=" + nss, "-i", Path.Combine(root, name), "-E", target);
            else
                File.Copy(Path.Combine(root, name), target);
        }
        Tool.Run("sh", "-c", $"cd {packed} && find . -type f | cpio -H newc -o > {_archive}");
    }

    // bs_signer, rsasign(): each plain file by itself, with .sig behind its name.
    private void SignAsTheService()
    {
        string members = Unpack(_archive, "to-be-signed"), signed = _bench.Folder.Folder("by-the-service");
        foreach (string file in Directory.GetFiles(members, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(signed, Path.GetRelativePath(members, file)) + ".sig";
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            Tool.Run("openssl", "dgst", "-sha256", "-sign", Signer.KeyFile(_bench.Folder), "-out", target, file);
        }
        Tool.Run("sh", "-c", $"cd {signed} && find . -type f | cpio -H newc -o > {_archive}.sig");
    }

    private string Unpack(string archive, string name)
    {
        string folder = _bench.Folder.Folder(name);
        Tool.Run("sh", "-c", $"cd {folder} && cpio -idm < {archive}");
        return folder;
    }
}
