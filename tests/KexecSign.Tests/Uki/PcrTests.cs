using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KexecSign.Commands.Uki;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uki;
using KexecSign.Uki;

namespace KexecSign.Tests.Uki;

/// <summary>PCR 11 and its signed policies, held against systemd-measure and a TPM in software.</summary>
public sealed class PcrTests : IDisposable
{
    private readonly UkiBench _uki = new("stub arm64");

    [SkippableFact]
    public void Values_are_those_of_systemd_measure_for_every_bank_and_phase()
    {
        UkiResult built = _uki.Build(o => o with { Pcr = new() { Key = TestSigners.Rsa2048.KeyFile(_uki.Folder) } });
        string theirs = Tool.Run(Tool.SystemdMeasure, ["calculate", .. Sections(built.File)]);
        UkiMeasureResult ours = UkiMeasureOperation.Definition.Run(new() { File = built.File }, _uki.Bench.Context);

        ours.StubVersion.ShouldBe(252);
        ours.Pcrs.Length.ShouldBe(4 * 5);
        foreach (IGrouping<string, PcrValue> phase in ours.Pcrs.Where(p => p.Phase != ":").GroupBy(p => p.Phase))
        {
            foreach (PcrValue value in phase)
                theirs.ShouldContain($"11:{value.Bank}={value.Value}");
        }
        built.Pcrs.ShouldBe(ours.Pcrs.Where(p => p.Phase != ":"));
    }

    [SkippableFact]
    public void A_TPM_that_is_extended_as_the_stub_does_ends_at_the_same_values_and_policies()
    {
        UkiResult built = _uki.Build(o => o with { Pcr = new() { Key = TestSigners.Rsa2048.KeyFile(_uki.Folder), Phases = ["enter-initrd:leave-initrd"], StubVersion = 254 } });
        using var tpm = new SoftwareTpm(_uki.Folder);
        foreach (string name in (string[])[".linux", ".osrel", ".cmdline", ".initrd", ".uname", ".sbat", ".pcrpkey"])
        {
            tpm.Extend([.. Encoding.ASCII.GetBytes(name), 0]);
            tpm.Extend(UkiBench.Section(built.File, name));
        }
        tpm.Extend("enter-initrd"u8.ToArray());
        tpm.Extend("leave-initrd"u8.ToArray());

        ImmutableArray<PcrSignature> signatures = PcrSignatures.Read(UkiBench.Section(built.File, ".pcrsig"));
        foreach (PcrValue value in built.Pcrs.Where(p => p.Bank is "sha1" or "sha256"))
        {
            tpm.Value(value.Bank).ShouldBe(value.Value);
            tpm.Policy(value.Bank).ShouldBe(signatures.Single(s => s.Bank == value.Bank).Policy);
        }
    }

    [SkippableFact]
    public void A_TPM_authorizes_a_policy_for_its_own_word_and_for_no_other()
    {
        UkiResult built = _uki.Build(o => o with { Pcr = new() { Key = TestSigners.Rsa2048.KeyFile(_uki.Folder), Phases = ["enter-initrd"], Banks = ["sha256"], SignInitrd = true } });
        using var tpm = new SoftwareTpm(_uki.Folder);
        foreach (string name in (string[])[".linux", ".osrel", ".cmdline", ".initrd", ".pcrpkey"])
        {
            tpm.Extend([.. Encoding.ASCII.GetBytes(name), 0]);
            tpm.Extend(UkiBench.Section(built.File, name));
        }
        tpm.Extend("enter-initrd"u8.ToArray());
        string key = _uki.Folder.File("pcr.pub", UkiBench.Section(built.File, ".pcrpkey"));
        ImmutableArray<PcrSignature> signatures = PcrSignatures.Read(UkiBench.Section(built.File, ".pcrsig"));
        signatures.Select(s => s.Reference).ShouldBe([null, "initrd"]);
        foreach (PcrSignature signature in signatures)
        {
            foreach (string? word in (string?[])[null, "initrd", "other"])
                tpm.Authorizes(key, "sha256", signature.Signature.ToArray(), word).ShouldBe(word == signature.Reference, $"{signature.Reference} for {word}");
        }
    }

    [SkippableFact]
    public void The_signatures_of_the_SHA_256_bank_are_those_of_systemd_measure_and_all_hold_with_SHA_256()
    {
        string key = TestSigners.Rsa2048.KeyFile(_uki.Folder);
        UkiResult built = _uki.Build(o => o with { Pcr = new() { Key = key } });
        byte[] pem = UkiBench.Section(built.File, ".pcrpkey");
        string publicKey = _uki.Folder.File("pcr.pub", pem);
        using var tpm = new SoftwareTpm(_uki.Folder);
        string theirs = Tool.Run(Tool.SystemdMeasure, ["sign", $"--tpm2-device={tpm.Tcti}", $"--private-key={key}", $"--public-key={publicKey}", "--bank=sha256", .. Sections(built.File)]);

        using var parsed = JsonDocument.Parse(UkiBench.Section(built.File, ".pcrsig"));
        parsed.RootElement.GetProperty("sha256").GetRawText().ShouldBe(JsonDocument.Parse(theirs[..(theirs.LastIndexOf('}') + 1)]).RootElement.GetProperty("sha256").GetRawText());
        using var rsa = RSA.Create();
        rsa.ImportFromPem(Encoding.ASCII.GetString(pem));
        foreach (PcrSignature signature in PcrSignatures.Read(UkiBench.Section(built.File, ".pcrsig")))
            rsa.VerifyData(Convert.FromHexString(signature.Policy), signature.Signature.Span, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).ShouldBeTrue();
    }

    [SkippableFact]
    public void Each_profile_has_values_and_signatures_of_its_own()
    {
        string profile = _uki.Folder.At("p.efi"), key = TestSigners.Rsa2048.KeyFile(_uki.Folder);
        AddonBuildOperation.Definition.Run(new() { Architecture = "arm64", Profile = "ID=b", Contents = new() { CommandLine = "b" }, Output = profile }, _uki.Bench.Context);
        UkiResult built = _uki.Build(o => o with { Profile = "ID=a", JoinedProfiles = [profile], Pcr = new() { Key = key, Banks = ["sha256"], Phases = [":"] } });
        built.Pcrs.Select(p => p.Profile).ShouldBe([0, 1]);
        built.Pcrs[0].Value.ShouldNotBe(built.Pcrs[1].Value);
        UkiImage uki = UkiImage.Read(Layout.Of(File.ReadAllBytes(built.File)));
        uki.Profiles.ShouldAllBe(group => group.Count(part => part.Name == ".pcrsig") == 1);
        uki.Base.ShouldContain(part => part.Name == ".pcrpkey");
    }

    [SkippableFact]
    public void A_stub_that_does_not_tell_its_version_needs_it_told()
    {
        string stub = _uki.Folder.File("stub", TestImage.Arm64(directories: 16).Bytes);
        UkiResult built = _uki.Build(o => o with { Stub = stub });
        Refusal.Of("KS3678", () => UkiMeasureOperation.Definition.Run(new() { File = built.File }, _uki.Bench.Context), "--stub-version");
        UkiMeasureOperation.Definition.Run(new() { File = built.File, Pcr = new() { StubVersion = 254 } }, _uki.Bench.Context).Measured
            .ShouldBe([".linux", ".osrel", ".cmdline", ".initrd", ".uname", ".sbat"]);
    }

    [SkippableTheory]
    [InlineData(262, false)]
    [InlineData(263, true)]
    public void Building_and_measuring_say_the_same_of_a_stub_that_is_newer_than_what_is_known(int version, bool said)
    {
        UkiResult built = _uki.Build(o => o with { Pcr = new() { Key = TestSigners.Rsa2048.KeyFile(_uki.Folder), StubVersion = version } });
        UkiMeasureResult measured = UkiMeasureOperation.Definition.Run(new() { File = built.File, Pcr = new() { StubVersion = version } }, _uki.Bench.Context);
        string[] notes = [.. measured.Notes.Where(note => note.Contains("newer"))];
        notes.Length.ShouldBe(said ? 1 : 0);
        _uki.Bench.Warnings.Where(warning => warning.Contains("newer")).ShouldBe(notes);
        if (said)
            notes.Single().ShouldContain("systemd-stub 263 is newer than what is known here (262)");
    }

    [SkippableFact]
    public void A_public_key_that_is_not_the_signers_is_refused()
    {
        string other = _uki.Folder.File("other.pub", Encoding.ASCII.GetBytes(((RSA)TestSigners.Other.Key).ExportSubjectPublicKeyInfoPem()));
        Refusal.Of("KS3676", () => _uki.Build(o => o with { Contents = o.Contents with { PcrPublicKey = other }, Pcr = new() { Key = TestSigners.Rsa2048.KeyFile(_uki.Folder) } }));
        Refusal.Of("KS3677", () => _uki.Build(o => o with { Contents = o.Contents with { PcrPublicKey = _uki.Initrd() } }));
        UkiBench.Section(_uki.Build(o => o with { Contents = o.Contents with { PcrPublicKey = other } }).File, ".pcrpkey").ShouldBe(File.ReadAllBytes(other));
    }

    public void Dispose() => _uki.Dispose();

    private string[] Sections(string file) =>
        [.. ((string[])["linux", "osrel", "cmdline", "initrd", "pcrpkey"]).Select(name => $"--{name}={_uki.Folder.File("section-" + name, UkiBench.Section(file, "." + name))}")];
}
