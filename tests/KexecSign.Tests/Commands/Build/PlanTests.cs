using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KexecSign.Commands.Build;
using KexecSign.Core.Operations;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Tests.Commands.Build;

/// <summary>Plans of many images, built with keys in files.</summary>
public sealed class PlanTests : IDisposable
{
    private const string Sign = """[{ "step": "sign", "key": "db" }]""";

    private readonly Bench _bench = new();

    public PlanTests()
    {
        TestSigner db = TestSigners.Rsa2048, kexec = TestSigners.P256;
        File.WriteAllText(At("keys.json"), $$"""
            { "keys": {
                "db": { "key": {{Json(db.KeyFile(_bench.Folder))}}, "cert": {{Json(db.CertificateFile(_bench.Folder))}} },
                "kexec": { "key": {{Json(kexec.KeyFile(_bench.Folder))}}, "cert": {{Json(kexec.CertificateFile(_bench.Folder))}} },
                "gone": { "key": "nowhere.key", "cert": "nowhere.pem" } } }
            """);
        for (int i = 0; i < 3; i++)
            _bench.Folder.File($"image{i}", TestImage.Arm64(i + 1).Bytes);
    }

    [Fact]
    public void Images_are_built_in_folders_that_are_made_and_kept_the_next_time()
    {
        string plan = Plan(Images(3));
        Statuses(Run(plan)).ShouldBe("Built Built Built");
        byte[] first = File.ReadAllBytes(At("out/0.efi"));
        DateTime written = File.GetLastWriteTimeUtc(At("out/0.efi"));

        Statuses(Run(plan)).ShouldBe("Kept Kept Kept");
        File.GetLastWriteTimeUtc(At("out/0.efi")).ShouldBe(written);
        Statuses(Run(plan, o => o with { Rebuild = true })).ShouldBe("Built Built Built");
        File.ReadAllBytes(At("out/0.efi")).ShouldBe(first);
    }

    [Theory]
    [InlineData("input")]
    [InlineData("output")]
    [InlineData("output cut")]
    [InlineData("output gone")]
    [InlineData("report gone")]
    [InlineData("report is none")]
    [InlineData("report leaves a file out")]
    [InlineData("sidecar")]
    [InlineData("provenance")]
    [InlineData("certificate")]
    [InlineData("step")]
    public void What_is_not_as_it_was_is_built_again_and_nothing_else(string changed)
    {
        string steps = """[{ "step": "sign", "key": "db" }, { "step": "ima", "key": "kexec" }, { "step": "provenance", "key": "kexec" }]""";
        Statuses(Run(Plan(Images(2), steps))).ShouldBe("Built Built");
        switch (changed)
        {
            case "input": _bench.Folder.File("image0", TestImage.Arm64(9).Bytes); break;
            case "output": Flip(At("out/0.efi")); break;
            case "output cut": File.WriteAllBytes(At("out/0.efi"), File.ReadAllBytes(At("out/0.efi"))[..^8]); break;
            case "output gone": File.Delete(At("out/0.efi")); break;
            case "report gone": File.Delete(At("out/0.efi.report.json")); break;
            case "report is none": File.WriteAllText(At("out/0.efi.report.json"), """{ "tool": 3"""); break;
            case "report leaves a file out":
                JsonNode report = JsonNode.Parse(File.ReadAllText(At("out/0.efi.report.json")))!;
                report["outputs"]!.AsArray().RemoveAt(1);
                File.WriteAllText(At("out/0.efi.report.json"), report.ToJsonString());
                break;
            case "sidecar": Flip(At("out/0.efi.sig")); break;
            case "provenance": Flip(At("out/0.efi.intoto.json")); break;
            case "certificate":
                File.WriteAllText(At("keys.json"), File.ReadAllText(At("keys.json")).Replace("\"gone\": {", "\"db2\": " + KeyOf(TestSigners.Rsa3072) + ", \"gone\": {"));
                Statuses(Run(Plan(Images(2, (0, steps.Replace("\"db\"", "\"db2\""))), steps))).ShouldBe("Built Kept");
                return;
            case "step": Statuses(Run(Plan(Images(2, (0, Sign)), steps))).ShouldBe("Built Kept"); return;
        }
        Statuses(Run(Plan(Images(2), steps))).ShouldBe("Built Kept");
        Statuses(Run(Plan(Images(2), steps))).ShouldBe("Kept Kept");
    }

    [Fact]
    public void An_image_that_fails_leaves_the_others_alone()
    {
        _bench.Folder.File("image1", "no image"u8);
        PlanResult result = Run(Plan(Images(3)), o => o with { Report = At("report.json") });
        Statuses(result).ShouldBe("Built Failed Built");
        result.Exit.ShouldBe(ExitCode.SomeFailed);
        result.Images[1].Message.ShouldNotBeNull().ShouldContain("image1");
        result.View().Failures.ShouldHaveSingleItem().Message.ShouldStartWith("KS1");
        Directory.GetFiles(At("out")).ShouldNotContain(path => path.Contains("1.efi"));
        JsonDocument.Parse(File.ReadAllText(At("report.json"))).RootElement.GetProperty("images")[1].GetProperty("status").GetString().ShouldBe("Failed");
    }

    [Fact]
    public void A_key_that_cannot_be_opened_stops_all_before_the_first_is_begun()
    {
        Refusal.Of("KS2060", () => Run(Plan(Images(2, (1, Sign.Replace("\"db\"", "\"gone\""))))));
        Directory.Exists(At("out")).ShouldBeFalse();
    }

    [Fact]
    public void Shards_build_each_image_once_and_their_reports_make_the_whole()
    {
        string plan = Plan(Images(3));
        for (int i = 1; i <= 4; i++)
            Run(plan, o => o with { Shard = $"{i}/4", Report = At($"shard{i}.json") });
        PlanResult merged = Merge("shard4.json", "shard2.json", "shard1.json", "shard3.json");
        Statuses(merged).ShouldBe("Built Built Built");
        merged.Images.Select(i => i.Name).ShouldBe(["0.efi", "1.efi", "2.efi"]);
        merged.Shard.ShouldBeNull();
        Refusal.Of("KS3313", () => Merge("shard1.json", "shard3.json", "shard4.json"), "1 of the plan's 3", "2/4");
        Refusal.Of("KS3314", () => Merge("shard1.json", "shard2.json", "shard3.json", "shard1.json"), "0.efi", "shard1.json");

        File.AppendAllText(plan, "\n");
        Run(plan, o => o with { Shard = "2/4", Report = At("other.json") });
        Refusal.Of("KS3312", () => Merge("shard1.json", "other.json", "shard3.json"), "other.json");
        _bench.Folder.File("none.json", "{}"u8);
        Refusal.Of("KS3311", () => Merge("none.json"), "none.json");
    }

    [Theory]
    [InlineData("pkcs11:token=t;object=k?module-path=/tmp/evil.so", "KS3760", "/tmp/evil.so")]
    [InlineData("PKCS11:object=k?module-path=evil.so", "KS3760", "evil.so")]
    [InlineData("pkcs11:object=k?module-name=evil", "KS3760", "evil")]
    [InlineData("exec:/tmp/evil", "KS3764", "exec:/tmp/evil")]
    [InlineData("pkcs11:object=k?pin-source=/etc/shadow", "KS3761", "pin-source")]
    [InlineData("pkcs11:object=k?pin-value=1234", "KS3761", "pin-value")]
    public void A_plan_names_neither_code_nor_secrets_whoever_keys_sign(string reference, string code, string told)
    {
        string keys = $$""" "keys": { "evil": { "key": "{{reference}}", "cert": "x.pem" } }, """;
        Refusal.Of(code, () => Run(Plan(Images(1), more: keys)), told);
        Refusal.Of(code, () => Run(Plan(Images(1), more: keys), o => o with { Keys = null }), told);
        string one = _bench.Folder.File("one.json", Encoding.UTF8.GetBytes($$"""{ "image": "x", "key": "{{reference}}", "cert": "x.pem", "output": "{{At("o")}}" }"""));
        Refusal.Of(code, () => BuildPlan.Read(new(), one), told);
        _bench.Folder.File("policy.json", Encoding.UTF8.GetBytes($$"""{ "certificates": ["{{reference}}"], "consumers": ["firmware"] }"""));
        Run(Plan(Images(1), more: """ "policy": "policy.json","""), o => o with { Rebuild = true }).Images[0].Message.ShouldNotBeNull().ShouldContain(code);
        File.Exists(At("out/0.efi")).ShouldBeFalse();
    }

    [Fact]
    public void A_module_that_is_allowed_by_name_is_looked_for()
    {
        string plan = Plan(Images(1, (0, Sign.Replace("db", "evil"))), more: """ "keys": { "evil": { "key": "pkcs11:object=k?module-path=/nonexistent/m.so", "cert": "image0" } }, """);
        Refusal.Of("KS2061", () => Run(plan, o => o with { Keys = null, AllowedModules = ["/nonexistent/m.so"] }));
    }

    [Fact]
    public void A_file_of_keys_that_others_may_write_is_data_too()
    {
        string keys = _bench.Folder.File("own.json", """{ "keys": { "db": { "key": "pkcs11:object=k?module-path=/nonexistent/m.so", "cert": "image0" } } }"""u8);
        Refusal.Of("KS2061", () => Run(Plan(Images(1)), o => o with { Keys = keys }));
        File.SetUnixFileMode(keys, File.GetUnixFileMode(keys) | UnixFileMode.GroupWrite);
        Refusal.Of("KS3760", () => Run(Plan(Images(1)), o => o with { Keys = keys }));
    }

    [Theory]
    [InlineData("../out.efi")]
    [InlineData("/tmp/out.efi")]
    [InlineData("sub/../../out.efi")]
    public void Outputs_of_a_plan_stay_below_its_folder(string output)
    {
        string images = $$"""{ "image": "image0", "outputs": { "image": "{{output}}" } }""";
        Refusal.Of("KS3762", () => Run(Plan(images)), output);
        Refusal.Of("KS3762", () => Run(Plan($$"""{ "image": "image0", "outputs": { "image": "o", "report": "{{output}}" } }""")), output);
        string other = Directory.CreateDirectory(At("other")).FullName;
        Statuses(Run(Plan("""{ "image": "image0", "outputs": { "image": "o" } }"""), o => o with { OutputRoot = other })).ShouldBe("Built");
        File.Exists(Path.Combine(other, "o")).ShouldBeTrue();
    }

    [Theory]
    [InlineData("0/2")]
    [InlineData("3/2")]
    [InlineData("1")]
    [InlineData("1/2/3")]
    [InlineData("-1/2")]
    [InlineData("1/10001")]
    public void A_shard_that_is_none_is_refused(string shard) => Refusal.Of("KS3307", () => Run(Plan(Images(1)), o => o with { Shard = shard }), shard);

    [Theory]
    [InlineData("""{ "images": [] }""", "KS3302", ":1:1: ")]
    [InlineData("""{ "images": 3 }""", "KS3302", ":1:13: ")]
    [InlineData("""{ "images": [{ "image": "image0" }] }""", "KS3302", "lacks 'outputs'")]
    [InlineData("""{ "images": [{ "image": "image0", "outputs": { "image": "o" } }] }""", "KS3302", "lacks 'steps'")]
    [InlineData("""{ "images": [{ "image": "image0", "outputs": { "image": "o" }, "steps": [] }] }""", "KS3302", "holds none")]
    [InlineData("""{ "images": [{ "image": "image0", "outputs": { "image": "o" }, "steps": [{ "step": "sgin" }] }] }""", "KS3302", "sign-inner")]
    [InlineData("""{ "images": [{ "image": "image0", "outputs": { "image": "o" }, "steps": [{ "step": "sign", "key": "dbx" }] }] }""", "KS3305", "db, gone, kexec")]
    [InlineData("""{ "images": [{ "image": "image0", "outputs": { "image": "o" }, "steps": [{ "step": "sign" }] }] }""", "KS3302", "lacks 'key'")]
    [InlineData("""{ "images": [{ "image": "image0", "outputs": { "image": "o", "tra": "t" }, "steps": [] }] }""", "KS3303", "'tra'")]
    [InlineData("""{ "images": [{ "image": "image0", "outputs": { "image": "o", "tar": "t" }, "steps": [{ "step": "sign", "key": "db" }] }] }""", "KS3302", "'ima'")]
    [InlineData("""{ "images": [{ "image": "image0", "outputs": { "image": "o" }, "steps": [{ "step": "sign", "key": "db" }, { "step": "zboot", "kit": "k" }] }] }""", "KS3304", ":1:107: ")]
    [InlineData("""{ "images": [{ "image": "image0", "outputs": { "image": "o" }, "steps": [{ "step": "sign", "key": "db" }, { "step": "sign", "key": "db" }] }] }""", "KS3304", "each at most once")]
    [InlineData("""{ "pin": { "value": "1234" }, "images": [] }""", "KS3303", "'value'")]
    public void What_is_no_plan_is_refused_where_it_stands(string plan, string code, string told)
    {
        string path = _bench.Folder.File("plan.json", Encoding.UTF8.GetBytes(plan));
        Refusal.Of(code, () => Run(path), path + ":", told);
    }

    [Theory]
    [InlineData("""{ "name": "x", "image": "image1", "outputs": { "image": "out/0.efi" } }""", "out/0.efi")]
    [InlineData("""{ "name": "0.efi", "image": "image1", "outputs": { "image": "out/x" } }""", "name")]
    [InlineData("""{ "image": "image1", "outputs": { "image": "out/0.efi.report.json" } }""", "out/0.efi.report.json")]
    public void Two_images_with_one_name_or_file_are_refused(string second, string told) =>
        Refusal.Of("KS3306", () => Run(Plan($$"""{ "image": "image0", "outputs": { "image": "out/0.efi" } }, {{second}}""")), told, "line 4");

    [Fact]
    public void The_plans_report_does_not_go_over_an_image() =>
        Refusal.Of("KS3013", () => Run(Plan(Images(1)), o => o with { Report = At("out/0.efi") }), "the report");

    [Fact]
    public void Options_of_one_image_beside_a_plan_and_of_a_plan_without_one_are_refused()
    {
        Refusal.Of("KS3308", () => Run(Plan(Images(1)), o => o with { Output = At("o") }), "-o");
        Refusal.Of("KS3309", () => BuildOperation.Definition.Run(new BuildOptions { Image = "i", Output = "o", Shard = "1/2" }, _bench.Context), "--shard");
    }

    [Fact]
    public void A_plan_of_one_image_is_what_it_was_and_tells_where_it_is_wrong()
    {
        TestSigner db = TestSigners.Rsa2048;
        string plan = _bench.Folder.File("one.json", Encoding.UTF8.GetBytes(
            $$"""{ "image": {{Json(At("image0"))}}, "key": {{Json(db.KeyFile(_bench.Folder))}}, "cert": {{Json(db.CertificateFile(_bench.Folder))}}, "output": {{Json(At("signed"))}} }"""));
        BuildOperation.Definition.Run(new BuildOptions { Plan = plan }, _bench.Context).ShouldBeOfType<BuildResult>().Verdicts.Length.ShouldBe(2);
        var request = new OperationRequest(BuildOperation.Definition);
        request.Give(BuildOperation.Definition.Arguments[0], plan);
        request.Run(_bench.Context).ShouldBeOfType<BuildResult>();
        _bench.Folder.File("one.json", "{ \"image\": \"x\",\n  \"level\": true }"u8);
        Refusal.Of("KS3201", () => BuildPlan.Read(new(), plan), "one.json:2:12: ");
        _bench.Folder.File("one.json", "{ \"image\": \"x\",\n  \"levle\": 1 }"u8);
        Refusal.Of("KS3202", () => BuildPlan.Read(new(), plan), "one.json:2:3: ");
    }

    [Fact]
    public void A_finished_zboot_gets_its_Image_signed_in_its_place_before_it_is_signed_itself()
    {
        _bench.Folder.File("image0", RoomyZboot());
        PlanResult result = Run(Plan(Images(1), """[{ "step": "sign-inner", "key": "kexec" }, { "step": "sign", "key": "db" }]"""));
        Statuses(result).ShouldBe("Built", result.Images[0].Message);
        BuildResult built = result.Images[0].Result!;
        built.Zboot.ShouldNotBeNull().Level.ShouldBeNull();
        built.Verdicts.Select(v => v.Consumer.ToString()).ShouldBe(["Firmware", "Shim", "Kexec"]);
        Statuses(Run(Plan(Images(1), """[{ "step": "sign-inner", "key": "kexec" }, { "step": "sign", "key": "db" }]"""))).ShouldBe("Kept");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1 << 20)]
    public void A_kernel_in_the_place_of_a_plan_is_told_where_it_goes(int more)
    {
        string kernel = _bench.Folder.File("Image", [.. TestImage.Arm64().Bytes, .. new byte[more]]);
        Refusal.Of("KS3326", () => BuildPlan.Read(new BuildOptions(), kernel), "arm64 kernel Image", "--image");
    }

    [Fact]
    public void A_policy_of_the_command_line_stands_for_the_plans_own()
    {
        _bench.Folder.File("policy.json", """{ "signatures": { "outer": { "algorithms": ["rsa4096"] } } }"""u8);
        string plan = Plan(Images(1), more: """ "policy": "policy.json",""");
        string own = _bench.Folder.File("own.json", """{ "signatures": { "outer": { "algorithms": ["rsa2048"] } } }"""u8);
        Statuses(Run(plan, o => o with { Policy = own })).ShouldBe("Built");
    }

    [Fact]
    public void A_policy_that_is_broken_lets_nothing_appear()
    {
        _bench.Folder.File("policy.json", """{ "signatures": { "outer": { "algorithms": ["rsa4096"] } } }"""u8);
        PlanResult result = Run(Plan(Images(1), more: """ "policy": "policy.json","""));
        result.Images[0].Message.ShouldNotBeNull().ShouldContain("signatures.outer.algorithms: KS4643");
        Directory.GetFileSystemEntries(At("out")).ShouldBeEmpty();
        _bench.Folder.File("policy.json", """{ "signatures": { "outer": { "algorithms": ["rsa2048"] } } }"""u8);
        Statuses(Run(Plan(Images(1), more: """ "policy": "policy.json","""))).ShouldBe("Built");
    }

    [SkippableTheory]
    [InlineData("replace", "db")]
    [InlineData("append", "stranger db")]
    [InlineData("prepend", "db stranger")]
    public void A_signed_image_is_signed_as_its_step_says(string existing, string expected)
    {
        _bench.Sign(At("image0"), TestSigners.Rsa4096, o => o with { Output = At("signed0") });
        string step = $$"""[{ "step": "sign", "key": "db", "{{existing}}": true }]""", images = """{ "image": "signed0", "outputs": { "image": "out.efi" } }""";
        PlanResult refused = Run(Plan(images));
        refused.Images[0].Message.ShouldNotBeNull().ShouldContain("--replace");
        File.Exists(At("out.efi")).ShouldBeFalse();

        Statuses(Run(Plan(images, step))).ShouldBe("Built");
        string[] signers = [.. Signers(At("out.efi")).Select(subject => subject == TestSigners.Rsa4096.Certificate.Subject ? "stranger" : "db")];
        string.Join(' ', signers).ShouldBe(expected);
        foreach (TestSigner signer in new[] { TestSigners.Rsa2048, TestSigners.Rsa4096 })
            (Tool.Ask("sbverify", "--cert", signer.CertificateFile(_bench.Folder), At("out.efi")).Exit == 0).ShouldBe(signer == TestSigners.Rsa2048 || existing != "replace");
        Statuses(Run(Plan(images, step))).ShouldBe("Kept");
        Statuses(Run(Plan(images, step.Replace(existing, existing == "append" ? "prepend" : "append", StringComparison.Ordinal)))).ShouldBe("Built");
    }

    [Theory]
    [InlineData("""{ "step": "embed", "sbat": "rows.csv" }""")]
    [InlineData("""{ "step": "sign-inner", "key": "kexec" }""")]
    public void Signatures_stay_only_where_nothing_else_is_changed(string step)
    {
        File.WriteAllText(At("rows.csv"), "linux,1,Linux,linux,1,https://example.invalid\n");
        _bench.Folder.File("vmlinuz.efi", RoomyZboot());
        _bench.Sign(At("vmlinuz.efi"), TestSigners.Rsa4096, o => o with { Output = At("signed0") });
        const string images = """{ "image": "signed0", "outputs": { "image": "out.efi" } }""";
        Refusal.Of("KS3011", () => Run(Plan(images, $$"""[{{step}}, { "step": "sign", "key": "db", "append": true }]""")), "--append");
        PlanResult replaced = Run(Plan(images, $$"""[{{step}}, { "step": "sign", "key": "db", "replace": true }]"""));
        (replaced.Images[0].Message, Statuses(replaced)).ShouldBe((null, "Built"));
        Signers(At("out.efi")).ShouldBe([TestSigners.Rsa2048.Certificate.Subject]);
    }

    [SkippableFact]
    public void Debians_signed_kernel_is_linked_with_its_signature_replaced()
    {
        string kit = DebianKernels.Kit(), signed = DebianKernels.Signed().Path;
        string images = $$"""{ "image": {{Json(signed)}}, "outputs": { "image": "out.efi", "signedImage": "Image.signed" } }""";
        string steps(string more) => $$"""[{ "step": "sign-inner", "key": "kexec" }, { "step": "zboot", "kit": {{Json(kit)}}, "level": 1 }, { "step": "sign", "key": "db"{{more}} }]""";
        Run(Plan(images, steps(""))).Images[0].Message.ShouldNotBeNull().ShouldContain("Debian Secure Boot");
        PlanResult built = Run(Plan(images, steps(", \"replace\": true")));
        (built.Images[0].Message, Statuses(built)).ShouldBe((null, "Built"));
        Signers(At("Image.signed")).ShouldBe([TestSigners.P256.Certificate.Subject]);
    }

    public void Dispose() => _bench.Dispose();

    // With a payload that is longer than a better compression makes it.
    private static byte[] RoomyZboot()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.NoCompression, leaveOpen: true))
            gzip.Write(TestImage.Arm64().Bytes);
        return TestImage.Zboot(packed.ToArray(), "gzip").Bytes;
    }

    private static string[] Signers(string path)
    {
        (PeImage image, Layout file) = Bench.Read(path);
        return [.. CertificateTable.Read(image, file).Select(entry => AuthenticodeSignature.Decode(entry.Pkcs7()).Signer!.Subject)];
    }

    private string At(string name) => _bench.Folder.At(name);

    private static string Json(string text) => JsonSerializer.Serialize(text);

    private string KeyOf(TestSigner signer) => $$"""{ "key": {{Json(signer.KeyFile(_bench.Folder))}}, "cert": {{Json(signer.CertificateFile(_bench.Folder))}} }""";

    private static string Images(int count, params (int Index, string Steps)[] own) => string.Join(",\n", Enumerable.Range(0, count).Select(i =>
        $$"""{ "image": "image{{i}}", {{string.Concat(own.Where(o => o.Index == i).Select(o => $"\"steps\": {o.Steps}, "))}}"outputs": { "image": "out/{{i}}.efi" } }"""));

    private string Plan(string images, string steps = Sign, string more = "") =>
        _bench.Folder.File("plan.json", Encoding.UTF8.GetBytes($"{{{more}\n\"steps\": {steps},\n\"images\": [\n{images}\n] }}"));

    private PlanResult Run(string plan, Func<BuildOptions, BuildOptions>? change = null)
    {
        var options = new BuildOptions { Plan = plan, Keys = At("keys.json") };
        return (PlanResult)BuildOperation.Definition.Run(change is null ? options : change(options), _bench.Context);
    }

    private PlanResult Merge(params string[] reports) =>
        PlanMergeOperation.Definition.Run(new PlanMergeOptions { Reports = [.. reports.Select(At)], Output = At("merged.json") }, _bench.Context);

    private static string Statuses(PlanResult result) => string.Join(' ', result.Images.Select(i => i.Status));

    private static void Flip(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
    }
}
