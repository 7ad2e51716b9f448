using System.Security.Cryptography;
using System.Text;
using KexecSign.Core;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Commands.Template;

/// <summary>Templates and packages are data that others made: what they name, and what they lead to.</summary>
public sealed class HostileTemplateTests : IDisposable
{
    private readonly TemplateBench _bench = new();

    public HostileTemplateTests() => _bench.PutBoth();

    [Theory]
    [InlineData("/etc/passwd", "it is absolute")]
    [InlineData("../other/boot/vmlinuz", "'..'")]
    [InlineData("boot/../../x", "'..'")]
    [InlineData("boot//x", "empty")]
    [InlineData("./boot/x", "'.'")]
    [InlineData("boot/", "empty")]
    [InlineData("boot/a\\nb", "not seen")]
    public void A_path_that_is_not_below_the_package_is_refused(string path, string why)
    {
        _bench.Write(("efi", path));
        Refusal.Of("KS3344", () => _bench.Sign(), "files.json:1:", why);
        NothingIsWritten();
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../linux")]
    [InlineData("Linux")]
    [InlineData("-linux")]
    [InlineData("a/b")]
    public void A_name_that_no_package_has_is_refused(string package)
    {
        _bench.WriteText(TemplateBench.Json(package, "", ("efi", TemplateBench.Kernel)));
        Refusal.Of("KS3344", () => _bench.Sign(), package);
    }

    [Theory]
    [InlineData("KS3302", """{ "packages": [] }""")]
    [InlineData("KS3302", """{ }""")]
    [InlineData("KS3302", """{ "packages": { "linux": { "files": [ { "file": "boot/x" } ] } } }""")]
    [InlineData("KS3303", """{ "packages": { "linux": { "files": [ { "file": "boot/x", "sig_type": "efi", "key": "prod" } ] } } }""")]
    [InlineData("KS3303", """{ "linux": { "files": [ { "file": "boot/x", "sig_type": "efi" } ] }, "packages": { } }""")]
    [InlineData("KS3901", """{ "packages": { "linux": { "trusted_certs": [], "files": [ ] } } }""")]
    [InlineData("KS3763", """{ "packages": { "linux": { "trusted_certs": ["ab"], "files": [ { "file": "boot/x", "sig_type": "efi" } ] } } }""")]
    public void A_template_of_another_form_is_refused(string code, string json)
    {
        _bench.WriteText(json);
        Refusal.Of(code, () => _bench.Sign(), "files.json");
    }

    [Fact]
    public void Every_template_that_Debian_has_is_of_this_form()
    {
        _bench.WriteText("{\"version\": \"2\", " + TemplateBench.Json(TemplateBench.Package, "", ("efi", TemplateBench.Kernel))[1..]);
        _bench.Sign().Exit.ShouldBe(ExitCode.Done);
    }

    [Fact]
    public void A_kind_of_signature_that_is_not_known_is_refused_before_anything_is_signed()
    {
        _bench.Write(("efi", TemplateBench.Kernel), ("gpg", TemplateBench.Module));
        Refusal.Of("KS3345", () => _bench.Sign(), "'gpg'", "efi and linux-module");
        NothingIsWritten();
    }

    [Fact]
    public void A_file_that_stands_twice_is_refused()
    {
        _bench.Write(("linux-module", TemplateBench.Module), ("efi", TemplateBench.Module));
        Refusal.Of("KS3344", () => _bench.Sign(), "stands twice");
    }

    [Fact]
    public void A_missing_file_is_refused_before_anything_is_signed()
    {
        _bench.Write(("efi", TemplateBench.Kernel), ("linux-module", "lib/none.ko"));
        Refusal.Of("KS3348", () => _bench.Sign(), "1 of 2", "lib/none.ko");
        NothingIsWritten();
    }

    [SkippableFact]
    public void A_file_that_is_missing_in_a_package_is_refused_before_anything_is_signed()
    {
        _bench.Write(("efi", TemplateBench.Kernel), ("linux-module", "lib/none.ko"));
        string deb = _bench.Pack();
        Refusal.Of("KS3348", () => _bench.Sign(), "1 of 2", $"{deb}:lib/none.ko");
        NothingIsWritten();
    }

    [SkippableFact]
    public void A_package_must_be_there_once()
    {
        Refusal.Of("KS3347", () => _bench.Sign(o => o with { From = [_bench.Bench.Folder.Folder("empty")] }), TemplateBench.Package, "nothing");
        string deb = _bench.Pack();
        File.Copy(deb, deb.Replace("6.12-1", "6.12-2", StringComparison.Ordinal));
        Refusal.Of("KS3347", () => _bench.Sign(), "more than one", "6.12-1", "6.12-2");
        _bench.Sign(o => o with { From = [deb] }).Exit.ShouldBe(ExitCode.Done);
    }

    [Theory]
    [InlineData(TemplateBench.Kernel, "KS3051")]
    [InlineData("boot", "KS3002")]
    public void A_link_in_an_unpacked_package_is_not_followed(string link, string code)
    {
        string path = Path.Combine(_bench.Packages, TemplateBench.Package, link), real = _bench.Bench.Folder.At("real");
        Directory.Move(path, real);
        File.CreateSymbolicLink(path, real);
        Refusal.Of(code, () => _bench.Sign(), TemplateBench.Kernel);
        NothingIsWritten();
    }

    [Fact]
    public void A_package_folder_that_is_a_link_is_not_followed()
    {
        string path = Path.Combine(_bench.Packages, TemplateBench.Package), real = _bench.Bench.Folder.At("real");
        Directory.Move(path, real);
        File.CreateSymbolicLink(path, real);
        Refusal.Of("KS3347", () => _bench.Sign(), TemplateBench.Package, "a symbolic link");
        NothingIsWritten();
    }

    [SkippableFact]
    public void A_package_whose_tar_has_a_time_beyond_all_times_is_refused()
    {
        Tool.Run("dpkg-deb", "--version");
        byte[] control = Encoding.ASCII.GetBytes($"Package: {TemplateBench.Package}\nVersion: 6.12-1\nArchitecture: arm64\n"
            + "Maintainer: nobody <a@b.example>\nDescription: test\n");
        byte[] data =
        [
            .. Tar("./PaxHeaders/x", "x", "33 mtime=99999999999999999999999\n"u8.ToArray()),
            .. Tar($"./{TemplateBench.Kernel}", "0", TemplateBench.Image), .. new byte[1024],
        ];
        string deb = _bench.Bench.Folder.At($"{TemplateBench.Package}_6.12-1_arm64.deb");
        File.WriteAllBytes(deb,
        [
            .. "!<arch>\n"u8, .. Member("debian-binary", "2.0\n"u8.ToArray()),
            .. Member("control.tar", [.. Tar("./control", "0", control), .. new byte[1024]]), .. Member("data.tar", data),
        ]);
        Refusal.Of("KS3349", () => _bench.Sign(o => o with { From = [deb] }), deb, "its tar is cut or damaged");
        NothingIsWritten();
    }

    [SkippableFact]
    public void A_link_in_a_package_is_not_followed()
    {
        string kernel = Path.Combine(_bench.Packages, TemplateBench.Package, TemplateBench.Kernel);
        File.Delete(kernel);
        File.CreateSymbolicLink(kernel, "/etc/hostname");
        string deb = _bench.Pack();
        Refusal.Of("KS3349", () => _bench.Sign(), deb, "SymbolicLink");
        NothingIsWritten();
    }

    [SkippableFact]
    public void A_package_of_another_name_is_refused()
    {
        _bench.Pack(named: "linux-image-other");
        Refusal.Of("KS3349", () => _bench.Sign(), "'linux-image-other'", TemplateBench.Package);
    }

    [SkippableFact]
    public void A_package_that_is_cut_short_is_refused()
    {
        string deb = _bench.Pack();
        byte[] whole = File.ReadAllBytes(deb);
        File.WriteAllBytes(deb, whole[..^200]);
        Refusal.Of("KS5003", () => _bench.Sign(), "dpkg-deb");
        NothingIsWritten();
    }

    [Fact]
    public void Code_that_trusts_others_than_those_named_is_refused()
    {
        string trusted = Convert.ToHexString(SHA256.HashData(TestSigners.Other.Certificate.RawData));
        _bench.WriteText(TemplateBench.Json(TemplateBench.Package, $"\"{trusted}\"", ("efi", TemplateBench.Kernel)));
        string other = TestSigners.Other.CertificateFile(_bench.Bench.Folder), leaf = TestSigners.Leaf.CertificateFile(_bench.Bench.Folder);
        Refusal.Of("KS3346", () => _bench.Sign(), TemplateBench.Package, trusted.ToLowerInvariant());
        Refusal.Of("KS3346", () => _bench.Sign(o => o with { TrustedCertificates = [leaf] }));
        NothingIsWritten();
        _bench.Sign(o => o with { TrustedCertificates = [leaf, other] }).Exit.ShouldBe(ExitCode.Done);
    }

    public void Dispose() => _bench.Dispose();

    // A member of an ar archive of even length, as those of packages here are.
    private static byte[] Member(string name, byte[] content) =>
        [.. Encoding.ASCII.GetBytes($"{name,-16}{0,-12}{0,-6}{0,-6}{100644,-8}{content.Length,-10}`\n"), .. content];

    private static byte[] Tar(string name, string type, byte[] content)
    {
        byte[] entry = new byte[512 + (content.Length + 511) / 512 * 512];
        string length = Convert.ToString(content.Length, 8).PadLeft(11, '0');
        foreach ((int at, string text) in ((int, string)[])[(0, name), (100, "0000644"), (108, "0000000"), (116, "0000000"), (124, length),
            (136, "00000000000"), (148, "        "), (156, type), (257, "ustar"), (263, "00")])
            Encoding.ASCII.GetBytes(text).CopyTo(entry, at);
        int sum = entry.Take(512).Sum(b => (int)b);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(entry, 148);
        content.CopyTo(entry, 512);
        return entry;
    }

    private void NothingIsWritten() => Directory.Exists(_bench.Signatures).ShouldBeFalse();
}
