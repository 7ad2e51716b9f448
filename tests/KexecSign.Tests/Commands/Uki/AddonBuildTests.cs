using System.Text;
using KexecSign.Commands.Uki;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Vocabulary;
using KexecSign.Tests.Uki;

namespace KexecSign.Tests.Commands.Uki;

/// <summary>Addons; whether a stub takes them is for the boot tests.</summary>
public sealed class AddonBuildTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData("x86_64", 0x8664)]
    [InlineData("arm64", 0xAA64)]
    [InlineData("riscv64", 0x5064)]
    public void An_addon_carries_its_payload_and_no_kernel_and_its_signature_holds(string architecture, int machine)
    {
        UkiResult built = Build(o => o with { Architecture = architecture, Signing = _bench.Identity(TestSigners.Rsa2048) });
        (PeImage image, Layout file) = Bench.Read(built.File);
        image.Machine.ShouldBe((ushort)machine);
        image.Subsystem.ShouldBe(PeConstants.EfiApplication);
        image.Sections.Select(s => s.Name).ShouldBe([".text", ".cmdline", ".uname", ".sbat"]);
        Encoding.ASCII.GetString(UkiBench.Section(built.File, ".sbat")).ShouldContain("uki-addon,1,");
        PeCanonical.Require(image, file);
        string digest = built.Signature.ShouldNotBeNull().ImageDigest;
        ToolDigests.Osslsigncode(built.File).ShouldBe((digest, digest));
        ToolDigests.Pesign(built.File).ShouldBe(digest);
        Tool.Ask("sbverify", "--cert", TestSigners.Rsa2048.CertificateFile(_bench.Folder), built.File).Exit.ShouldBe(0);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("s390x")]
    public void A_computer_without_a_built_in_stub_has_to_say_which_one(string? computer)
    {
        AddonBuildOperation.MachineOf(ArchitectureFacts.Named("arm64")).ShouldBe(PeConstants.MachineArm64);
        Refusal.Of(
            "KS3672", () => AddonBuildOperation.MachineOf(ArchitectureFacts.Named(computer)),
            "which machine the addon is for", "x86_64", "--stub").Code.Kind.ShouldBe(Formats.Errors.ErrorKind.Usage);
    }

    [SkippableFact]
    public void Takes_systemds_own_addon_stub()
    {
        UkiResult built = Build(o => o with { Architecture = null, Stub = DebianFiles.Named("addon stub arm64") });
        (built.Architecture, built.Stub.ShouldNotBeNull()[..17]).ShouldBe(("arm64", "systemd-addon 254"));
        Refusal.Of("KS3661", () => Build(o => o with { Architecture = "x86_64", Stub = DebianFiles.Named("addon stub arm64") }), "0x8664", "0xaa64");
    }

    [Fact]
    public void Brings_initrd_and_microcode_too()
    {
        string file = _bench.Folder.File("cpio", new byte[33]);
        UkiResult built = Build(o => o with { Contents = new() { Initrds = [file], Microcode = [file] } });
        UkiBench.Section(built.File, ".initrd").Length.ShouldBe(33);
        UkiBench.Section(built.File, ".ucode").Length.ShouldBe(33);
    }

    [Fact]
    public void Refuses_a_name_that_the_stub_does_not_look_for_and_an_addon_of_nothing()
    {
        Refusal.Of("KS3671", () => Build(o => o with { Output = _bench.Folder.At("x.efi") }), "'x.efi'");
        Refusal.Of("KS3670", () => Build(o => o with { Contents = new() { Uname = "6.1" } }), ".cmdline");
        Build(o => o with { Output = _bench.Folder.At("x.efi"), Profile = "ID=x" }).Sections.Select(s => s.Name).ShouldBe([".text", ".profile", ".cmdline", ".uname"]);
    }

    public void Dispose() => _bench.Dispose();

    private UkiResult Build(Func<AddonBuildOptions, AddonBuildOptions> change) => AddonBuildOperation.Definition.Run(
        change(new() { Architecture = "arm64", Contents = new() { CommandLine = "quiet", Uname = "6.1" }, Output = _bench.Folder.At("x.addon.efi") }), _bench.Context);
}
