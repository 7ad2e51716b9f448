using System.Text.Json;
using KexecSign.Commands.Uki;
using KexecSign.Fixtures;
using KexecSign.Formats.Uki;
using KexecSign.Uki;

namespace KexecSign.Tests.Uki;

/// <summary>Policies that are bound to a reference, and those that are signed elsewhere, held against systemd 262's own tools.</summary>
public sealed class PolicyReferenceTests : IDisposable
{
    private readonly UkiBench _uki = new("newest stub amd64");

    [SkippableFact]
    public void The_whole_of_pcrsig_is_what_systemd_measure_signs_and_appends()
    {
        var systemd = new NewestSystemd(_uki.Folder);
        UkiResult built = Built(o => o with { Pcr = new() { Key = Key(), SignInitrd = true } });
        string usual = _uki.Folder.File("usual.json", Text(systemd.Measure(["sign", "--private-key=" + Key(), .. Sections(built.File)])));
        string all = systemd.Measure(
            ["sign", "--private-key=" + Key(), "--append=" + usual, "--phase=enter-initrd", "--policyref=initrd", .. Sections(built.File)]);

        System.Text.Encoding.UTF8.GetString(UkiBench.Section(built.File, ".pcrsig")).ShouldBe(all.TrimEnd());
        built.Pcrs.Count(p => p.Reference == "initrd").ShouldBe(4);
        built.Pcrs.Length.ShouldBe(4 * 5);
        UkiInspectResult found = _uki.Inspect(built.File);
        found.Findings.ShouldNotContain(f => f.Contains("pcrsig"));
        found.Sections.Single(s => s.Name == ".pcrsig").Content.ShouldNotBeNull().ShouldStartWith("5 for sha1 (1 bound to initrd), 5 for sha256");
    }

    [SkippableTheory]
    [InlineData("disk")]
    [InlineData("Schlüssel für alles")]
    public void Every_policy_of_a_key_is_bound_to_the_word_that_is_given(string word)
    {
        var systemd = new NewestSystemd(_uki.Folder);
        UkiResult built = Built(o => o with { Pcr = new() { Key = Key(), PolicyReference = word, Banks = ["sha384"], Phases = ["enter-initrd"] } });
        string theirs = systemd.Measure(["sign", "--private-key=" + Key(), "--policyref=" + word, "--bank=sha384", "--phase=enter-initrd", .. Sections(built.File)]);
        JsonElement entry = JsonDocument.Parse(theirs).RootElement.GetProperty("sha384")[0];
        PcrSignature ours = PcrSignatures.Read(UkiBench.Section(built.File, ".pcrsig")).Single();
        ours.Reference.ShouldBe(entry.GetProperty("ref").GetString());
        ours.Policy.ShouldBe(entry.GetProperty("pol").GetString());
        Convert.ToBase64String(ours.Signature.Span).ShouldBe(entry.GetProperty("sig").GetString());
    }

    [SkippableFact]
    public void Policies_to_be_signed_elsewhere_are_those_that_systemd_measure_writes()
    {
        var systemd = new NewestSystemd(_uki.Folder);
        UkiResult built = Unsigned();
        string policies = _uki.Folder.At("policies.json");
        UkiMeasureResult measured = Measure(built.File, policies);
        string usual = _uki.Folder.File("usual.json", Text(systemd.Measure(["policy-digest", "--public-key=" + PublicKey(), .. Sections(built.File)])));
        File.ReadAllText(policies).ShouldBe(systemd.Measure(
            ["policy-digest", "--public-key=" + PublicKey(), "--append=" + usual, "--phase=enter-initrd", "--policyref=initrd", .. Sections(built.File)]));
        measured.Policies.Length.ShouldBe(4 * 5);
        measured.Policies.ShouldContain(p => p.Reference == "initrd" && p.Phase == "enter-initrd" && p.ToBeSigned.StartsWith(p.Policy));
    }

    [SkippableFact]
    public void Signatures_that_come_back_are_verified_and_give_what_a_key_that_is_here_gives()
    {
        UkiResult built = Unsigned();
        string policies = _uki.Folder.At("policies.json");
        Measure(built.File, policies);
        string signed = OpenSsl.SignPolicies(_uki.Folder, policies, Key());
        UkiResult joined = _uki.Update(built.File, o => o with { PcrSignatures = signed });
        UkiResult here = Built(o => o with { Pcr = new() { Key = Key(), SignInitrd = true }, Contents = o.Contents with { PcrPublicKey = PublicKey() } }, "here.efi");
        joined.Sha256.ShouldBe(here.Sha256);
        joined.Pcrs.ShouldBe(here.Pcrs, ignoreOrder: true);
    }

    [SkippableFact]
    public void What_ukify_left_to_be_signed_is_joined_too_and_the_gap_is_told_of_until_then()
    {
        var systemd = new NewestSystemd(_uki.Folder);
        string image = _uki.Folder.At("ukify.efi");
        string policies = _uki.Folder.File("policies.json", Text(systemd.Ukify(
        [
            .. UkifyOptions(), "--pcr-public-key", PublicKey(), "--policy-digest", "--sign-initrd-pcrs", "--json=short", "--output", image,
        ])));
        _uki.Inspect(image).Findings.ShouldContain(f => f.StartsWith("KS4615", StringComparison.Ordinal) && f.Contains("5 policies"));
        string signed = OpenSsl.SignPolicies(_uki.Folder, policies, Key());
        UkiResult joined = _uki.Update(image, o => o with { PcrSignatures = signed });
        joined.Pcrs.Length.ShouldBe(4 * 5);
        _uki.Inspect(joined.File).Findings.ShouldNotContain(f => f.Contains("pcrsig"));
    }

    [SkippableFact]
    public void Both_sign_for_the_profiles_that_are_named_and_for_no_other()
    {
        var systemd = new NewestSystemd(_uki.Folder);
        string profile = _uki.Folder.At("b.efi"), image = _uki.Folder.At("ukify.efi");
        AddonBuildOperation.Definition.Run(
            new() { Architecture = "x86_64", Profile = "ID=b\nTITLE=\"The B\"", Contents = new() { CommandLine = "b" }, Output = profile }, _uki.Bench.Context);
        systemd.Ukify(
        [
            .. UkifyOptions(), "--profile=ID=a", "--join-profile", profile, "--sign-profile=b", "--pcrpkey", PublicKey(), "--pcr-private-key", Key(), "--sign-initrd-pcrs",
            "--pcr-banks=sha256", "--output", image,
        ]);
        UkiResult built = Built(o => o with
        {
            Profile = "ID=a",
            JoinedProfiles = [profile],
            Contents = o.Contents with { PcrPublicKey = PublicKey() },
            Pcr = new() { Key = Key(), SignInitrd = true, Banks = ["sha256"], SignedProfiles = ["b"] },
        });
        foreach (UkiInspectResult found in (UkiInspectResult[])[_uki.Inspect(image), _uki.Inspect(built.File)])
        {
            found.Profiles.Select(p => (p.Number, p.Id, p.Title, p.CommandLine, p.Policies)).ShouldBe([(0, "a", null, "root=/dev/vda quiet", 0), (1, "b", "The B", "b", 5)]);
            found.Findings.ShouldNotContain(f => f.Contains("pcrsig"));
        }
        Refusal.Of("KS3680", () => Built(o => o with { Profile = "ID=a", Pcr = new() { Key = Key(), SignedProfiles = ["c"] } }), "ID=c", "has a");
    }

    public void Dispose() => _uki.Dispose();

    private static byte[] Text(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private string Key() => TestSigners.Rsa2048.KeyFile(_uki.Folder);

    private string PublicKey() => _uki.Folder.File("pcr.pub", PcrPublicKey.Pem(TestSigners.Rsa2048.Key.ExportSubjectPublicKeyInfo()));

    private UkiResult Built(Func<UkiBuildOptions, UkiBuildOptions> change, string output = "linux.efi") =>
        _uki.Build(o => change(o with { Linux = DebianFiles.Named("cloud kernel amd64") }), output);

    private UkiResult Unsigned() => Built(o => o with { Contents = o.Contents with { PcrPublicKey = PublicKey() } });

    private UkiMeasureResult Measure(string file, string policies) =>
        UkiMeasureOperation.Definition.Run(new() { File = file, PolicyDigest = policies, Pcr = new() { SignInitrd = true } }, _uki.Bench.Context);

    private string[] UkifyOptions() =>
    [
        "--linux", DebianFiles.Named("cloud kernel amd64"), "--initrd", _uki.Initrd(), "--cmdline=root=/dev/vda quiet", "--os-release=ID=test", "--uname=6.12",
        "--stub", _uki.Stub, "--hwids=",
    ];

    private string[] Sections(string file) =>
    [
        .. ((string[])["linux", "osrel", "cmdline", "initrd", "uname", "sbat", "pcrpkey"])
            .Select(name => $"--{name}={_uki.Folder.File("section-" + name, UkiBench.Section(file, "." + name))}"),
    ];
}
