using System.Text.Json.Nodes;
using KexecSign.Commands.Uki;
using KexecSign.Fixtures;
using KexecSign.Uki;

namespace KexecSign.Tests.Uki;

/// <summary>Signatures that came back wrong are refused before anything is written.</summary>
public sealed class PcrJoinTests : IDisposable
{
    private readonly UkiBench _uki = new();

    [SkippableTheory]
    [InlineData("KS3681", "there is no signature for policy")]
    [InlineData("KS3683", "reference initrd")]
    [InlineData("KS3684", "names the key 00")]
    [InlineData("KS1720", "'tbs' is not")]
    public void An_entry_that_is_not_what_it_says_is_named(string code, string told)
    {
        string image = Built(), signed = Signed(image, entry =>
        {
            if (code == "KS3681" && entry["ref"] is not null)
                entry.Remove("sig");
            if (code == "KS3684")
                entry["pkfp"] = "00" + entry["pkfp"]!.GetValue<string>()[2..];
            if (code == "KS1720")
                entry["pol"] = new string('0', 64);
            if (code == "KS3683" && entry["ref"] is not null)
                entry["sig"] = Convert.ToBase64String(new byte[256]);
        });
        Refusal.Of(code, () => _uki.Update(image, o => o with { PcrSignatures = signed }), told, "signed.json");
        _uki.Folder.Names().ShouldNotContain("updated.efi");
    }

    [SkippableFact]
    public void A_signature_for_one_reference_does_not_hold_for_another()
    {
        string image = Built(), signed = Signed(image, entry =>
        {
            if (entry["ref"] is null)
                return;
            entry.Remove("tbs");
            entry.Remove("ref");
        });
        Refusal.Of("KS3683", () => _uki.Update(image, o => o with { PcrSignatures = signed }), "reference none");
    }

    [SkippableFact]
    public void Policies_of_another_image_are_refused_and_so_is_another_content_for_the_same()
    {
        string image = Built(), signed = Signed(image, _ => { });
        Refusal.Of("KS3682", () => _uki.Update(image, o => o with { PcrSignatures = signed, Contents = new() { CommandLine = "other" } }), "enter-initrd");
        Refusal.Of("KS3681", () => _uki.Update(image, o => o with { PcrSignatures = _uki.Folder.File("empty.json", "{}"u8) }), "any policy");
        Refusal.Of("KS1720", () => _uki.Update(image, o => o with { PcrSignatures = _uki.Initrd() }));
        Refusal.Of("KS3664", () => _uki.Update(image, o => o with { PcrSignatures = _uki.Initrd(2 << 20) }));
    }

    [SkippableFact]
    public void A_phase_of_ones_own_is_named_and_then_known()
    {
        string image = Built(), policies = _uki.Folder.At("policies.json");
        Measure(image, policies, new() { Phases = ["enter-initrd:mine"], Banks = ["sha256"] });
        string signed = OpenSsl.SignPolicies(_uki.Folder, policies, Key());
        Refusal.Of("KS3682", () => _uki.Update(image, o => o with { PcrSignatures = signed }));
        _uki.Update(image, o => o with { PcrSignatures = signed, Pcr = new() { Phases = ["enter-initrd:mine"] } }).Pcrs.Single().Phase.ShouldBe("enter-initrd:mine");
    }

    [SkippableFact]
    public void An_image_without_the_key_takes_no_signatures_and_a_key_is_not_given_beside_them()
    {
        string image = _uki.Build().File, policies = _uki.Folder.At("policies.json");
        Measure(image, policies, new());
        File.ReadAllText(policies).ShouldNotContain("pkfp");
        string signed = OpenSsl.SignPolicies(_uki.Folder, policies, Key());
        Refusal.Of("KS3685", () => _uki.Update(image, o => o with { PcrSignatures = signed }), "--pcrpkey");
        Refusal.Of("KS3011", () => _uki.Update(image, o => o with { PcrSignatures = signed, Pcr = new() { Key = Key() } }), "--pcrsig");
    }

    [SkippableTheory]
    [InlineData("KS3679", "--policyref")]
    [InlineData("KS3679", "--sign-initrd-pcrs")]
    [InlineData("KS3679", "--sign-profile")]
    public void References_need_a_file_for_policies(string code, string option)
    {
        string image = _uki.Build().File;
        Refusal.Of(code, () => UkiMeasureOperation.Definition.Run(new()
        {
            File = image,
            Pcr = option switch
            {
                "--policyref" => new() { PolicyReference = "x" },
                "--sign-initrd-pcrs" => new() { SignInitrd = true },
                _ => new() { SignedProfiles = ["a"] },
            },
        }, _uki.Bench.Context), option);
    }

    public void Dispose() => _uki.Dispose();

    private string Key() => TestSigners.Rsa2048.KeyFile(_uki.Folder);

    private string Built() => _uki.Build(o => o with
    {
        Contents = o.Contents with { PcrPublicKey = _uki.Folder.File("pcr.pub", PcrPublicKey.Pem(TestSigners.Rsa2048.Key.ExportSubjectPublicKeyInfo())) },
    }).File;

    private string Signed(string image, Action<JsonObject> change)
    {
        string policies = _uki.Folder.At("policies.json");
        Measure(image, policies, new() { SignInitrd = true, Banks = ["sha256"] });
        return OpenSsl.SignPolicies(_uki.Folder, policies, Key(), change);
    }

    private void Measure(string image, string policies, PcrSigningOptions pcr) =>
        UkiMeasureOperation.Definition.Run(new() { File = image, PolicyDigest = policies, Pcr = pcr }, _uki.Bench.Context);
}
