using KexecSign.Commands.Build;
using KexecSign.Commands.Provenance;
using KexecSign.Commands.Verify;
using KexecSign.Commands.Zboot;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;
using KexecSign.Judging;
using KexecSign.Judging.Policies;
using KexecSign.Provenance;
using KexecSign.Signing;
using KexecSign.Tests.Zboot;
using KexecSign.Zboot;

namespace KexecSign.Tests.Provenance;

/// <summary>Who vouches for a kit, and what refuses one that the wrong people or nobody vouches for. DSSE itself is judged in ProvenanceTests.</summary>
[Collection(CapturedKitCollection.Name)]
public sealed class KitSignatureTests : IDisposable
{
    private readonly Bench _bench = new();
    private readonly CapturedKit _captured;

    public KitSignatureTests(CapturedKit captured)
    {
        _captured = captured;
        _bench.Folder.File("Image", TestImage.Arm64().Bytes);
        _bench.Folder.File("a.kit", SmallKit("6.12.1"));
    }

    public enum Ask
    {
        Option,
        Policy,
        ZbootBuild,
        ZbootRepack,
        Plan,
    }

    private string Kit => At("a.kit");

    [Theory]
    [InlineData(Ask.Option)]
    [InlineData(Ask.Policy)]
    [InlineData(Ask.ZbootBuild)]
    [InlineData(Ask.ZbootRepack)]
    [InlineData(Ask.Plan)]
    public void Whoever_demands_a_signer_gets_no_kit_without_that_signature(Ask ask)
    {
        Refusal.Of("KS3340", () => Use(ask)).Message.ShouldContain("a.kit.intoto.json");
        Sign(Kit, TestSigners.P256);
        Refusal.Of("KS4661", () => Use(ask));
        Sign(Kit, TestSigners.Rsa2048);
        // Signed by the one demanded: what is refused now is what is wrong with this small kit itself.
        Should.Throw<Formats.Errors.KexecSignException>(() => Use(ask)).Code.Id.ShouldNotBeOneOf("KS3340", "KS4661", "KS4662");
        // Another kit under the name, with the signature of the first.
        _bench.Folder.File("a.kit", SmallKit("6.12.2"));
        Refusal.Of("KS4662", () => Use(ask));
    }

    [Theory]
    [InlineData("p256")]
    [InlineData("rsa2048")]
    public void A_signature_holds_by_its_signer_and_provenance_verify_says_the_same(string name)
    {
        TestSigner signer = TestSigners.Named(name);
        Sign(Kit, signer);
        KitSignature.Require(ZbootKit.Open(Kit), [signer.CertificateFile(_bench.Folder)], "a test", _bench.Context);
        ProvenanceVerifyOperation.Definition.Run(
            new() { Envelope = Kit + KitSignature.Suffix, Certificates = [signer.CertificateFile(_bench.Folder)], Files = [Kit] }, _bench.Context).Subjects.ShouldHaveSingleItem().File.ShouldBe(Kit);
    }

    [Fact]
    public void Nobody_demanded_takes_every_kit() => KitSignature.Require(ZbootKit.Open(Kit), [], "a test", _bench.Context);

    [Theory]
    [InlineData("""{ "kitSigners": [] }""")]
    [InlineData("""{ "kits": [] }""")]
    public void An_empty_list_in_a_policy_allows_none(string policy)
    {
        File.WriteAllText(At("p.json"), policy);
        Refusal.Of("KS3302", () => PolicyDocument.Read(At("p.json"), [])).Message.ShouldContain("is empty");
    }

    [Fact]
    public void A_kit_that_is_not_the_pinned_one_is_refused_by_option_plan_and_policy()
    {
        string other = new('0', 64);
        Refusal.Of("KS3759", () => Build(o => o with { KitSha256 = other })).Message.ShouldContain("--kit-sha256");
        File.WriteAllText(At("p.json"), $$"""{ "kits": ["{{other}}"] }""");
        Refusal.Of("KS3759", () => Build(o => o with { Policy = At("p.json") })).Message.ShouldContain("the policy");
        Refusal.Of("KS3759", () => Plan($"\"sha256\": \"{other}\"")).Message.ShouldContain("the plan");
        string own = ZbootKit.Open(Kit).Sha256;
        File.WriteAllText(At("p.json"), $$"""{ "kits": ["{{other}}", "{{own}}"] }""");
        Should.Throw<Formats.Errors.KexecSignException>(() => Build(o => o with { Policy = At("p.json"), KitSha256 = own })).Code.Id.ShouldNotBe("KS3759");
    }

    [SkippableFact]
    public void An_image_that_is_kept_is_built_again_when_its_kit_is_no_longer_allowed()
    {
        string kit = At("real.kit");
        File.Copy(_captured.Require(), kit);
        File.WriteAllBytes(At("Image"), SmallKernel.Image());
        Statuses(PlanOf(kit, "")).ShouldBe("Built");
        Statuses(PlanOf(kit, "")).ShouldBe("Kept");
        string signers = $", \"signer\": \"{TestSigners.Rsa2048.CertificateFile(_bench.Folder)}\"";
        Statuses(PlanOf(kit, signers)).ShouldBe("Failed");
        Sign(kit, TestSigners.Rsa2048);
        Statuses(PlanOf(kit, signers)).ShouldBe("Kept");
        Statuses(PlanOf(kit, $", \"sha256\": \"{new string('0', 64)}\"")).ShouldBe("Failed");
    }

    [Fact]
    public void A_demand_on_a_kit_is_not_kept_where_there_is_no_kit_to_hold_it_against()
    {
        string signer = TestSigners.Rsa2048.CertificateFile(_bench.Folder);
        Refusal.Of("KS3010", () => Build(o => o with { Kit = null, KitSigners = [signer] }), "--kit");
        Refusal.Of("KS3010", () => Build(o => o with { Kit = null, KitSha256 = new string('0', 64) }), "--kit");
        Refusal.Of("KS3010", () => ZbootRepackOperation.Definition.Run(
            new() { Image = At("Image"), KitSigners = [signer], Signing = _bench.Identity(TestSigners.Rsa2048), Output = At("o.efi") }, _bench.Context), "--kit");

        // A policy of nothing else: of a finished file nobody can say which kit is in it, and no finding is no yes.
        File.WriteAllText(At("p.json"), $$"""{ "kitSigners": ["{{signer}}"] }""");
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        VerifyResult result = VerifyOperation.Definition.Run(new() { File = signed, Policy = At("p.json"), Db = [signer], Consumers = [Consumer.Firmware] }, _bench.Context);
        result.Policy!.Findings.ShouldHaveSingleItem().Code.ShouldBe("KS4165");
        result.Exit.ShouldBe(ExitCode.VerificationFailed);

        // A finished zboot image in the place of one that is linked here.
        File.WriteAllBytes(At("Image"), TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes);
        File.WriteAllText(At("p.json"), $$"""{ "kitSigners": ["{{signer}}"], "signatures": { "outer": { "digests": ["sha256"] } } }""");
        Refusal.Of("KS3315", () => Build(o => o with { Kit = null, Policy = At("p.json") }), "kits: KS4165");
        // The same with a magic of x86 in bytes that nobody reads on arm64.
        TestImage decoy = TestZboot.Gzip(TestImage.Arm64().Bytes).U16(0x1FE, 0xAA55).U32(0x202, 0x53726448).U16(0x206, 0x20F);
        File.WriteAllBytes(At("Image"), decoy.Bytes);
        Refusal.Of("KS3315", () => Build(o => o with { Kit = null, Policy = At("p.json") }), "kits: KS4165");
    }

    public void Dispose() => _bench.Dispose();

    private string At(string name) => _bench.Folder.At(name);

    private void Use(Ask ask)
    {
        string signer = TestSigners.Rsa2048.CertificateFile(_bench.Folder);
        switch (ask)
        {
            case Ask.Option:
                Build(o => o with { KitSigners = [signer] });
                break;
            case Ask.Policy:
                File.WriteAllText(At("p.json"), $$"""{ "kitSigners": ["{{signer}}"] }""");
                Build(o => o with { Policy = At("p.json") });
                break;
            case Ask.ZbootBuild:
                ZbootBuildOperation.Definition.Run(new() { Kit = Kit, KitSigners = [signer], Image = At("Image"), Output = At("o.efi") }, _bench.Context);
                break;
            case Ask.ZbootRepack:
                ZbootRepackOperation.Definition.Run(new() { Image = At("Image"), Kit = Kit, KitSigners = [signer], Signing = _bench.Identity(TestSigners.Rsa2048), Output = At("o.efi") }, _bench.Context);
                break;
            default:
                Plan($"\"signer\": \"{signer}\"");
                break;
        }
    }

    private void Build(Func<BuildOptions, BuildOptions> change) => BuildOperation.Definition.Run(
        change(new() { Image = At("Image"), Kit = Kit, Output = At("o.efi"), Outer = _bench.Identity(TestSigners.Rsa2048) }), _bench.Context);

    // As 'build PLAN' reads it; the image of a plan that fails is told, not thrown.
    private void Plan(string pin)
    {
        BuildOptions options = PlanDocument.Read(Written(Kit, ", " + pin), new(), null).Images.ShouldHaveSingleItem().Options;
        BuildOperation.Definition.Run(options, _bench.Context);
    }

    private BuildOutcome PlanOf(string kit, string more) => BuildOperation.Definition.Run(new() { Plan = Written(kit, more) }, _bench.Context);

    private string Written(string kit, string more)
    {
        TestSigner db = TestSigners.Rsa2048;
        File.WriteAllText(At("plan.json"), $$"""
            { "keys": { "db": { "key": "{{db.KeyFile(_bench.Folder)}}", "cert": "{{db.CertificateFile(_bench.Folder)}}" } },
              "steps": [{ "step": "zboot", "kit": "{{kit}}"{{more}} }, { "step": "sign", "key": "db" }],
              "images": [{ "image": "Image", "outputs": { "image": "o.efi" } }] }
            """);
        return At("plan.json");
    }

    private static string Statuses(BuildOutcome outcome) => string.Join(' ', ((PlanResult)outcome).Images.Select(i => i.Status));

    private void Sign(string kit, TestSigner signer) => ProvenanceSignOperation.Definition.Run(
        new() { Files = [kit], Signing = _bench.Identity(signer), Output = kit + KitSignature.Suffix }, _bench.Context);

    private static byte[] SmallKit(string release)
    {
        var stub = new StubObjects(ZbootCompression.Gzip, true, true, "library"u8.ToArray(), "header"u8.ToArray(), "script"u8.ToArray());
        Layout kit = ZbootKit.Pack(new(ZbootKitManifest.ExpectedKind, 1, "arm64", 0xAA64, release, null, null, "defconfig", "cc", "ld", [stub.Describe()]), stub.Files());
        return kit.ReadBytes(0, kit.Length);
    }
}
