using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Catalog;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Uki;

namespace KexecSign.Boot.Tests.Uki;

/// <summary>
/// Unified kernel images under Secure Boot: edk2 judges the outer signature, Debian's systemd-stub finds kernel, initrd and command
/// line, and the initrd says that it runs.
/// </summary>
[Collection(nameof(Bench))]
public sealed class UkiBootTests(Bench bench)
{
    private const string Booted = "KexecSign: booted ", SecureBootIsOn = "secureboot: Secure boot enabled", Refused = "from \\linux.efi: Access Denied";

    [SkippableTheory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public void A_signed_image_boots_with_and_without_a_signature_inside(bool amd64, bool signedInside)
    {
        UkiMachine.Require(amd64);
        UkiImages images = Images(amd64, $"boots-{signedInside}");
        string image = images.Build("linux.efi", o => o with { Signing = UkiImages.By(bench.Ours), Inner = signedInside ? UkiImages.By(bench.Other) : new() });

        string console = Machine(amd64, $"boots-{signedInside}").With(image, bench.Ours.Certificate).Run();

        console.ShouldContain(Booted);
        console.ShouldContain(SecureBootIsOn);
    }

    [SkippableFact]
    public void A_changed_byte_in_the_initrd_and_a_key_that_is_not_enrolled_are_refused()
    {
        UkiMachine.Require(amd64: false);
        UkiImages images = Images(false, "refused");
        string image = images.Build("linux.efi", o => o with { Signing = UkiImages.By(bench.Ours) });
        Machine(false, "refused-key").With(image, bench.Other.Certificate).Run().ShouldContain(Refused);

        byte[] bytes = File.ReadAllBytes(image);
        PeSection initrd = PeReader.Read(Layout.Of(bytes)).FindSection(".initrd")!;
        bytes[initrd.PointerToRawData + 100] ^= 1;
        File.WriteAllBytes(image, bytes);
        Machine(false, "refused-byte").With(image, bench.Ours.Certificate).Run().ShouldContain(Refused);
    }

    [SkippableFact]
    public void An_image_in_a_zboot_in_a_UKI_boots_each_layer_with_its_own_signature()
    {
        UkiMachine.Require(amd64: false);
        UkiImages images = Images(false, "three");
        // The zboot has a signed Image and a parser inside and a signature of its own, which stays as it is.
        string zboot = bench.Image.SignedBy(bench.Other);
        string image = images.Build("linux.efi", o => o with { Linux = zboot, Signing = UkiImages.By(bench.Ours) });

        Machine(false, "three").With(image, bench.Ours.Certificate).Run().ShouldContain(Booted);
        UkiImages.Run(OperationCatalog.Verify, new() { File = image, Db = [bench.Ours.CertificateFile], KexecCertificates = [bench.Other.CertificateFile] })
            .Verdicts.ShouldAllBe(verdict => verdict.Answer == Judging.Answer.Accepts);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_addon_is_taken_when_its_key_is_enrolled_and_ignored_when_it_is_not(bool amd64)
    {
        UkiMachine.Require(amd64);
        UkiImages images = Images(amd64, "addons");
        string image = images.Build("linux.efi", o => o with { Stub = images.NewerStub, Signing = UkiImages.By(bench.Ours) });
        string ours = images.Addon("ours.addon.efi", "kexecsign.addon=ours", bench.Ours), other = images.Addon("other.addon.efi", "kexecsign.addon=other", bench.Other);

        string console = Machine(amd64, "addons").With(image, bench.Ours.Certificate, ours, other).Run();

        console.ShouldContain(Booted);
        console.ShouldContain($"Kernel command line: {images.Console} panic=-1 kexecsign.addon=ours");
        console.ShouldNotContain("kexecsign.addon=other");
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void PCR_11_of_a_TPM_is_what_was_predicted(bool newerStub)
    {
        UkiMachine.Require(amd64: true);
        Command.Require("swtpm", "swtpm");
        UkiImages images = Images(true, $"pcr-{newerStub}");
        string image = images.Build("linux.efi", o => o with { Stub = newerStub ? images.NewerStub : images.Stub, Signing = UkiImages.By(bench.Ours), Inner = UkiImages.By(bench.Other) });
        PcrValue predicted = UkiImages.Run(OperationCatalog.UkiMeasure, new() { File = image, Pcr = new() { Banks = ["sha256"], Phases = [":"] } }).Pcrs.Single();

        using var tpm = new SoftwareTpm(Folder(true, $"tpm-{newerStub}"));
        string console = Machine(true, $"pcr-{newerStub}").With(image, bench.Ours.Certificate).Run(tpm.Socket);

        console.ShouldContain("KexecSign: PCR 11 " + predicted.Value.ToUpperInvariant(), customMessage: console[^Math.Min(console.Length, 3000)..]);
    }

    private UkiImages Images(bool amd64, string name) => new(Folder(amd64, name), amd64);

    private UkiMachine Machine(bool amd64, string name) => new(Folder(amd64, name), amd64);

    private string Folder(bool amd64, string name) => Directory.CreateDirectory(Path.Combine(bench.Folder, $"uki {name} {(amd64 ? "amd64" : "arm64")}")).FullName;
}
