using System.Text;
using KexecSign.Commands.Uki;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Tests.Uki;

namespace KexecSign.Tests.Commands.Uki;

/// <summary>Sections replaced in images that are there.</summary>
public sealed class UkiUpdateTests : IDisposable
{
    private readonly UkiBench _uki = new();

    [SkippableFact]
    public void Another_initrd_goes_in_and_all_else_stays_under_a_new_signature()
    {
        UkiResult built = Signed();
        string initrd = _uki.Initrd(54321, 3);
        UkiResult updated = _uki.Update(built.File, o => o with { Contents = new() { Initrds = [initrd] }, Signing = _uki.Bench.Identity(TestSigners.Rsa3072) });

        UkiBench.Section(updated.File, ".initrd").ShouldBe(File.ReadAllBytes(initrd));
        foreach (string name in (string[])[".linux", ".cmdline", ".osrel", ".uname", ".sbat"])
            UkiBench.Section(updated.File, name).ShouldBe(UkiBench.Section(built.File, name), name);
        updated.Sections.Select(s => s.Name).ShouldBe(built.Sections.Select(s => s.Name));
        Tool.Ask("sbverify", "--cert", TestSigners.Rsa3072.CertificateFile(_uki.Folder), updated.File).Exit.ShouldBe(0);
        updated.Notes.ShouldContain(note => note.Contains("old signature"));
    }

    [SkippableFact]
    public void An_update_gives_the_bytes_that_a_build_gives()
    {
        UkiResult built = _uki.Build();
        UkiResult updated = _uki.Update(built.File, o => o with { Contents = new() { CommandLine = "quiet ro" } });
        updated.Sha256.ShouldBe(_uki.Build(o => o with { Contents = o.Contents with { CommandLine = "quiet ro" } }, "again.efi").Sha256);
    }

    [SkippableFact]
    public void The_same_holds_for_a_stub_whose_SBAT_and_name_were_found_in_its_tail()
    {
        using var older = new UkiBench("stub arm64");
        UkiResult updated = older.Update(older.Build().File, o => o with { Contents = new() { CommandLine = "quiet ro" } });
        updated.Stub.ShouldNotBeNull().ShouldStartWith("systemd-stub 252");
        updated.Sha256.ShouldBe(older.Build(o => o with { Contents = o.Contents with { CommandLine = "quiet ro" } }, "again.efi").Sha256);
    }

    [SkippableFact]
    public void Another_kernel_brings_its_version()
    {
        UkiResult built = _uki.Build();
        TestImage kernel = TestImage.Arm64(seed: 5);
        "Linux version 6.2.0-new (a@b)"u8.CopyTo(kernel.Bytes.AsSpan(TestImage.SizeOfHeaders));
        string path = _uki.Folder.File("newer", kernel.Bytes);
        UkiResult updated = _uki.Update(built.File, o => o with { Linux = path });
        UkiBench.Section(updated.File, ".linux").ShouldBe(kernel.Bytes);
        Encoding.ASCII.GetString(UkiBench.Section(updated.File, ".uname")).ShouldBe("6.2.0-new");
        Refusal.Of("KS3661", () => _uki.Update(built.File, o => o with { Linux = DebianFiles.Named("cloud kernel amd64") }), "x86_64");
    }

    [SkippableFact]
    public void Signed_policies_go_with_the_old_contents_unless_they_are_signed_anew()
    {
        string key = TestSigners.Rsa2048.KeyFile(_uki.Folder);
        UkiResult built = _uki.Build(o => o with { Pcr = new() { Key = key } });
        UkiResult without = _uki.Update(built.File, o => o with { Contents = new() { CommandLine = "x" } });
        without.Sections.ShouldNotContain(s => s.Name == ".pcrsig");
        without.Notes.ShouldContain(note => note.Contains(".pcrsig is gone"));
        UkiResult with = _uki.Update(built.File, o => o with { Contents = new() { CommandLine = "x" }, Pcr = new() { Key = key }, Output = _uki.Folder.At("with.efi") });
        _uki.Inspect(with.File).Findings.ShouldNotContain(f => f.Contains("pcrsig"));
    }

    [SkippableFact]
    public void Sections_can_be_taken_out_but_not_the_kernel()
    {
        UkiResult built = _uki.Build();
        _uki.Update(built.File, o => o with { Removed = [".osrel"] }).Sections.ShouldNotContain(s => s.Name == ".osrel");
        Refusal.Of("KS3674", () => _uki.Update(built.File, o => o with { Removed = [".linux"] }), ".linux");
        Refusal.Of("KS3674", () => _uki.Update(built.File, o => o with { Removed = [".splash"] }), ".cmdline");
    }

    [SkippableFact]
    public void Refuses_to_do_nothing_to_write_over_the_input_unasked_and_what_is_no_image()
    {
        UkiResult built = _uki.Build();
        Refusal.Of("KS3673", () => _uki.Update(built.File, o => o));
        Refusal.Of("KS3005", () => _uki.Update(built.File, o => o with { Output = built.File, Contents = new() { CommandLine = "x" } }));
        Refusal.Of("KS1715", () => _uki.Update(_uki.Kernel(), o => o with { Contents = new() { CommandLine = "x" } }), ".text");
        Refusal.Of("KS3006", () => _uki.Update(built.File, o => o with { Output = null, Contents = new() { CommandLine = "x" } }));
    }

    [SkippableFact]
    public void Replaces_the_input_when_asked_to()
    {
        UkiResult built = Signed();
        _uki.Update(built.File, o => o with { Output = null, InPlace = true, Contents = new() { CommandLine = "x" } });
        UkiBench.Section(built.File, ".cmdline").ShouldBe("x"u8.ToArray());
        PeReader.Read(Layout.Of(File.ReadAllBytes(built.File))).IsSigned.ShouldBeFalse();
    }

    [SkippableFact]
    public void Profiles_stay_as_they_are()
    {
        UkiResult built = _uki.Build(o => o with { Profile = "ID=a" });
        UkiResult updated = _uki.Update(built.File, o => o with { Contents = new() { CommandLine = "x" } });
        UkiImage.Read(Layout.Of(File.ReadAllBytes(updated.File))).Profiles.Length.ShouldBe(1);
        updated.Sections[^1].Name.ShouldBe(".profile");
    }

    [SkippableFact]
    public void Profiles_whose_signed_policies_are_not_made_anew_are_named()
    {
        string profile = _uki.Folder.At("rescue.efi"), key = TestSigners.Rsa2048.KeyFile(_uki.Folder);
        AddonBuildOperation.Definition.Run(
            new() { Architecture = "arm64", Profile = "ID=rescue", Contents = new() { CommandLine = "rescue" }, Output = profile },
            _uki.Bench.Context);
        UkiResult built = _uki.Build(o => o with { Profile = "ID=main", JoinedProfiles = [profile], Pcr = new() { Key = key } });

        _uki.Bench.Warnings.Clear();
        _uki.Update(built.File, o => o with { Contents = new() { CommandLine = "x" }, Pcr = new() { Key = key, SignedProfiles = ["main"] } });
        _uki.Bench.Warnings.Where(w => w.Contains("signed policies")).ShouldHaveSingleItem().ShouldContain("profile 1 (ID=rescue) are gone");

        _uki.Bench.Warnings.Clear();
        _uki.Update(built.File, o => o with
        {
            Contents = new() { CommandLine = "x" },
            Pcr = new() { Key = key },
            Output = _uki.Folder.At("all.efi"),
        });
        _uki.Bench.Warnings.ShouldNotContain(w => w.Contains("signed policies"));
    }

    public void Dispose() => _uki.Dispose();

    private UkiResult Signed() => _uki.Build(o => o with { Signing = _uki.Bench.Identity(TestSigners.Rsa2048) });
}
