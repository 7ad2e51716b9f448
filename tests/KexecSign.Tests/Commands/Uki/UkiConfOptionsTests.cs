using System.Text;
using System.Text.Json.Nodes;
using KexecSign.Commands.Uki;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Tests.Uki;
using KexecSign.Uki;

namespace KexecSign.Tests.Commands.Uki;

/// <summary>Images by a uki.conf, held against those that ukify makes of the same file.</summary>
public sealed class UkiConfOptionsTests : IDisposable
{
    private readonly UkiBench _uki = new("newest stub amd64");

    [SkippableFact]
    public void An_image_has_the_sections_and_the_policies_that_ukify_makes_of_the_same_file()
    {
        var systemd = new NewestSystemd(_uki.Folder);
        string conf = Conf($"""
            # As a distribution ships it
            [UKI]
            Linux={DebianFiles.Named("cloud kernel amd64")}
            Initrd = {_uki.Initrd(1001, 1)}   # the first
                     {_uki.Initrd(1002, 2)}
            Cmdline = root=/dev/vda2
              quiet   rw
            OSRelease=ID=test
            Uname=6.12
            Stub={_uki.Stub}
            HWIDs=
            EFIArch=x64
            PCRBanks=sha256, sha384
            SignInitrdPCRs=yes
            PCRPKey={PublicKey()}
            SecureBootSigningTool=systemd-sbsign

            [PCRSignature:first]
            PCRPrivateKey={Key()}
            PCRPublicKey={PublicKey()}
            Phases=enter-initrd, enter-initrd:leave-initrd
            PolicyRef=
            [PCRSignature:second]
            PCRPrivateKey={TestSigners.Rsa3072.KeyFile(_uki.Folder)}
            PCRPublicKey={_uki.Folder.File("second.pub", PcrPublicKey.Pem(TestSigners.Rsa3072.Key.ExportSubjectPublicKeyInfo()))}
            Phases=enter-initrd:leave-initrd:sysinit
            PolicyRef=data
            """);
        string theirs = _uki.Folder.At("ukify.efi");
        systemd.Ukify("--config", conf, "--initrd", _uki.Initrd(1003, 3), "--output", theirs);
        UkiResult ours = Build(conf, o => o with { Contents = new() { Initrds = [_uki.Initrd(1003, 3)] } });
        foreach (string section in (string[])[".linux", ".osrel", ".cmdline", ".initrd", ".uname", ".pcrpkey"])
            UkiBench.Section(ours.File, section).ShouldBe(UkiBench.Section(theirs, section), section);
        JsonNode.DeepEquals(Policies(ours.File), Policies(theirs)).ShouldBeTrue($"{Policies(ours.File)}\n{Policies(theirs)}");
        _uki.Inspect(ours.File).Findings.Count(f => f.StartsWith("KS4608", StringComparison.Ordinal)).ShouldBe(2, "the second key's policies, for each bank");
    }

    [SkippableFact]
    public void What_is_said_as_an_option_counts_and_files_of_options_come_last()
    {
        string conf = Conf($"[UKI]\nLinux=/nowhere\nCmdline=conf\nUname=1\nInitrd={_uki.Initrd(8, 1)}\nStub=/nowhere\nPCRBanks=sha1\nSignInitrdPCRs=no\n[PCRSignature:a]\nPCRPrivateKey={Key()}");
        UkiResult built = Build(conf, o => o with
        {
            Linux = DebianFiles.Named("cloud kernel amd64"),
            Stub = _uki.Stub,
            Contents = new() { CommandLine = "option", Initrds = [_uki.Initrd(8, 2)] },
            Pcr = new() { Key = TestSigners.Rsa3072.KeyFile(_uki.Folder), Banks = ["sha256"], Phases = [":"] },
        });
        UkiBench.Section(built.File, ".cmdline").ShouldBe("option"u8.ToArray());
        UkiBench.Section(built.File, ".uname").ShouldBe("1"u8.ToArray());
        UkiBench.Section(built.File, ".initrd").ShouldBe([.. File.ReadAllBytes(_uki.Initrd(8, 1)), .. File.ReadAllBytes(_uki.Initrd(8, 2))]);
        built.Pcrs.Select(p => p.Bank).Distinct().ShouldBe(["sha256"]);
        built.Pcrs.Select(p => p.Phase).ShouldBe([":", "enter-initrd", "enter-initrd:leave-initrd", "enter-initrd:leave-initrd:sysinit", "enter-initrd:leave-initrd:sysinit:ready"]);
        // Two keys: nobody says to which of them disks are bound.
        built.Sections.ShouldNotContain(s => s.Name == ".pcrpkey");
    }

    [SkippableFact]
    public void The_Secure_Boot_key_signs_the_image_and_with_SignKernel_the_kernel_inside()
    {
        TestSigner signer = TestSigners.Rsa2048;
        string keys = $"SecureBootPrivateKey={signer.KeyFile(_uki.Folder)}\nSecureBootCertificate={signer.CertificateFile(_uki.Folder)}\n";
        UkiResult plain = Build(Conf($"[UKI]\n{keys}"), Small), inner = Build(Conf($"[UKI]\n{keys}SignKernel=yes"), Small);
        plain.Signature.ShouldNotBeNull();
        plain.Kernel.ShouldNotBeNull().Signature.ShouldBeNull();
        inner.Kernel.ShouldNotBeNull().Signature.ShouldNotBeNull();
    }

    [SkippableFact]
    public void A_public_key_alone_is_put_in_for_policies_that_are_signed_elsewhere()
    {
        UkiResult built = Build(Conf($"[PCRSignature:offline]\nPCRPublicKey={PublicKey()}"), Small);
        UkiBench.Section(built.File, ".pcrpkey").ShouldBe(File.ReadAllBytes(PublicKey()));
        built.Sections.ShouldNotContain(s => s.Name == ".pcrsig");
    }

    [SkippableTheory]
    [InlineData("KS3687", "[UKI]\nCmdLine=x", 2, "[UKI] has no setting 'CmdLine'")]
    [InlineData("KS3687", "[PCRSignature:x]\n\nLinux=x", 3, "[PCRSignature:x] has no setting 'Linux'")]
    [InlineData("KS3688", "[UKI]\nSignKernel=perhaps", 2, "neither yes nor no")]
    [InlineData("KS3688", "[UKI]\nSigningProvider=tpm2", 2, "only pkcs11")]
    [InlineData("KS3688", "[UKI]\nSecureBootSigningTool=pesign", 2, "NSS")]
    [InlineData("KS3688", "[UKI]\nPCRSig=@x", 2, "PCRSig=@x")]
    [InlineData("KS3688", "[PCRSignature:x]\nPhases=enter-initrd", 2, "no PCRPrivateKey=")]
    [InlineData("KS1721", "[UKI]\nPCRBanks=sha256 md5", 2, "'md5'")]
    [InlineData("KS1722", "[PCRSignature:x]\nPhases=a::b", 2, "'a::b'")]
    [InlineData("KS1728", "[PCRSignature:x]\nPolicyRef=a\u0001b", 2, "0x3 bytes")]
    [InlineData("KS3688", "[UKI]\nSignKernel=yes", 0, "no SecureBootPrivateKey=")]
    [InlineData("KS3688", "[UKI]\nEFIArch=aa64", 0, "the kernel is for x64")]
    public void What_cannot_be_done_is_refused_with_its_place(string code, string text, int line, string told)
    {
        KexecSignException refused = Refusal.Of(code, () => Build(Conf(text), Small), told);
        refused.Line.ShouldBe(line);
        _uki.Folder.Names().ShouldNotContain("linux.efi");
    }

    [SkippableTheory]
    [InlineData("[PCRSignature:a]\nPCRPrivateKey=exec:/evil.sh", "KS3764", "exec:/evil.sh")]
    [InlineData("[UKI]\nSecureBootPrivateKey=exec:/evil.sh", "KS3764", "exec:/evil.sh")]
    [InlineData("[UKI]\nSecureBootPrivateKey=pkcs11:object=k?module-path=/evil.so&pin-source=/etc/shadow", "KS3760", "/evil.so")]
    [InlineData("[UKI]\nSecureBootCertificate=pkcs11:object=k?module-name=evil", "KS3760", "evil")]
    [InlineData("[PCRSignature:a]\nPCRCertificate=pkcs11:object=k?pin-source=/etc/shadow", "KS3761", "pin-source")]
    [InlineData("[PCRSignature:a]\nPCRPrivateKey=pkcs11:object=k?pin-value=1", "KS3761", "pin-value")]
    public void A_file_that_others_may_write_names_neither_code_nor_secrets(string text, string code, string told)
    {
        const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        string conf = Conf(text);
        foreach (UnixFileMode others in (UnixFileMode[])[UnixFileMode.GroupWrite, UnixFileMode.OtherWrite])
        {
            File.SetUnixFileMode(conf, own | others);
            Refusal.Of(code, () => Build(conf, Small), $"{conf}:2:1: ", told);
        }
    }

    [SkippableTheory]
    [InlineData(UnixFileMode.None)]
    [InlineData(UnixFileMode.GroupRead | UnixFileMode.OtherRead)]
    public void The_own_file_names_programs_modules_and_PINs(UnixFileMode others)
    {
        const string program = "exec:/bin/sign", token = "pkcs11:object=k?module-path=/lib/m.so&pin-source=/run/pin";
        string conf = Conf($"[UKI]\nSecureBootPrivateKey={program}\n[PCRSignature:a]\nPCRPrivateKey={token}");
        File.SetUnixFileMode(conf, UnixFileMode.UserRead | UnixFileMode.UserWrite | others);
        UkiBuildOptions options = UkiConfOptions.Applied(new() { UkiConf = conf });
        (options.Signing.Key, options.Pcr.Groups[0].Key).ShouldBe((program, token));
    }

    [SkippableFact]
    public void A_byte_that_is_not_UTF_8_is_refused_with_its_place()
    {
        string conf = _uki.Folder.File("uki.conf", (byte[])[.. "[UKI]\nCmdline=caf"u8, 0xE9, .. "\n"u8]);
        Refusal.Of("KS3686", () => Build(conf, Small), $"{conf}:2:12: ", "0xe9 at 0x11 is not UTF-8");
    }

    [SkippableFact]
    public void A_plan_names_what_the_file_names()
    {
        string conf = Conf("[UKI]\nLinux=vmlinuz\n[PCRSignature:x]\nPCRPrivateKey=pcr.key");
        string[] steps = [.. UkiBuildOperation.Definition.Plan!(new UkiBuildOptions { UkiConf = conf, Output = "o.efi" }).Select(s => $"{s.Action} {s.What}")];
        steps.ShouldBe([$"read {conf}", "read vmlinuz", "sign PCR 11 policies with pcr.key, certificate none", "write o.efi"]);
    }

    public void Dispose() => _uki.Dispose();

    private UkiBuildOptions Small(UkiBuildOptions options) => options with { Linux = DebianFiles.Named("cloud kernel amd64"), Stub = _uki.Stub };

    private UkiResult Build(string conf, Func<UkiBuildOptions, UkiBuildOptions> change) =>
        UkiBuildOperation.Definition.Run(change(new() { UkiConf = conf, Output = _uki.Folder.At("linux.efi") }), _uki.Bench.Context);

    private string Conf(string text) => _uki.Folder.File("uki.conf", Encoding.UTF8.GetBytes(text));

    private string Key() => TestSigners.Rsa2048.KeyFile(_uki.Folder);

    private string PublicKey() => _uki.Folder.File("pcr.pub", PcrPublicKey.Pem(TestSigners.Rsa2048.Key.ExportSubjectPublicKeyInfo()));

    private static JsonNode Policies(string file) => JsonNode.Parse(UkiBench.Section(file, ".pcrsig"))!;
}
