using KexecSign.Commands.Uki;
using KexecSign.Commands.Verify;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Inspection;
using KexecSign.Judging;
using KexecSign.Tests.Uki;

namespace KexecSign.Tests.Commands.Uki;

/// <summary>What is found in images, sound and broken ones.</summary>
public sealed class UkiInspectTests : IDisposable
{
    private readonly UkiBench _uki = new();

    [SkippableFact]
    public void An_image_that_was_built_with_all_signatures_has_no_findings_and_every_layer_is_told_of()
    {
        TestImage zboot = TestZboot.Roomy(File.ReadAllBytes(_uki.Kernel()));
        UkiResult built = _uki.Build(o => o with
        {
            Linux = _uki.Folder.File("vmlinuz.efi", zboot.Bytes),
            Inner = _uki.Bench.Identity(TestSigners.Leaf),
            Signing = _uki.Bench.Identity(TestSigners.Rsa2048),
            Pcr = new() { Key = TestSigners.Rsa2048.KeyFile(_uki.Folder) },
        });
        UkiInspectResult found = _uki.Inspect(built.File);
        found.Findings.ShouldBeEmpty();
        found.Kind.ShouldBe("unified kernel image");
        found.Image.Signatures.Single().Signer.ShouldBe("CN=test rsa 2048");
        InspectResult kernel = found.Image.Inner.ShouldNotBeNull();
        kernel.Kind.ShouldBe("EFI zboot kernel (vmlinuz.efi), signed");
        kernel.Signatures.Single().Signer.ShouldBe("CN=test leaf");
        kernel.Inner.ShouldNotBeNull().Kind.ShouldBe("arm64 kernel Image, signed");
        kernel.Inner.Signatures.Single().Signer.ShouldBe("CN=test leaf");
        found.Sections.Single(s => s.Name == ".linux").Content.ShouldBe("EFI zboot kernel (vmlinuz.efi), 6.1.0-test");
        found.Sections.Single(s => s.Name == ".pcrsig").Content.ShouldBe("4 for sha1, 4 for sha256, 4 for sha384, 4 for sha512");
    }

    [SkippableFact]
    public void A_zboot_kernel_that_is_signed_but_whose_Image_is_not_is_told_of()
    {
        string zboot = _uki.Bench.SignedImage(TestSigners.Leaf, TestZboot.Gzip(File.ReadAllBytes(_uki.Kernel())));
        Findings(_uki.Build(o => o with { Linux = zboot }).File)
            .ShouldContain(f => f.StartsWith("KS4610", StringComparison.Ordinal) && f.Contains("the Image inside the zboot kernel"));
    }

    [SkippableFact]
    public void Lengths_that_consumers_take_differently_are_told_of()
    {
        string image = _uki.Build().File;
        Findings(image).ShouldContain(f => f.StartsWith("KS4610", StringComparison.Ordinal));
        Findings(Patched(image, ".linux", 8, size => size + 0x5000)).ShouldContain(f => f.StartsWith("KS4601", StringComparison.Ordinal) && f.Contains("0x5000"));
        string signed = _uki.Bench.SignedImage(TestSigners.Leaf);
        Findings(_uki.Build(o => o with { Linux = signed, Contents = o.Contents with { Uname = "6" } }).File).ShouldContain(f => f.StartsWith("KS4600", StringComparison.Ordinal));
    }

    [SkippableTheory]
    [InlineData("KS4602", ".mine")]
    [InlineData("KS4603", ".ucode")]
    [InlineData("KS4605", "shim")]
    [InlineData("KS4606", "'9.9'")]
    [InlineData("KS4613", ".osrel")]
    public void What_a_consumer_would_ignore_or_refuse_is_told_of(string code, string told)
    {
        string file = _uki.Initrd(77, 1);
        UkiResult built = _uki.Build(o => code switch
        {
            "KS4602" => o with { Contents = o.Contents with { Sections = [".mine:" + file] } },
            "KS4603" => o with { Contents = o.Contents with { Microcode = [file] } },
            "KS4606" => o with { Contents = o.Contents with { Uname = "9.9" } },
            "KS4613" => o with { Contents = o.Contents with { OsRelease = null } },
            _ => o,
        });
        string image = code == "KS4605" ? _uki.Update(built.File, o => o with { Removed = [".sbat"] }).File : built.File;
        Findings(image).ShouldContain(f => f.StartsWith(code, StringComparison.Ordinal) && f.Contains(told));
    }

    [SkippableFact]
    public void Signed_policies_for_other_contents_are_told_of()
    {
        UkiResult built = _uki.Build(o => o with { Pcr = new() { Key = TestSigners.Rsa2048.KeyFile(_uki.Folder), Banks = ["sha256"] } });
        byte[] bytes = File.ReadAllBytes(built.File);
        bytes[UkiBench.Header(built.File, ".cmdline").PointerToRawData] ^= 1;
        Findings(_uki.Folder.File("changed.efi", bytes)).ShouldContain(f => f.StartsWith("KS4607", StringComparison.Ordinal) && f.Contains("sha256"));
        bytes = File.ReadAllBytes(built.File);
        PeSection signatures = UkiBench.Header(built.File, ".pcrsig");
        int at = bytes.AsSpan((int)signatures.PointerToRawData).IndexOf("\"pkfp\":\""u8) + (int)signatures.PointerToRawData + 8;
        bytes[at] = bytes[at] == (byte)'0' ? (byte)'1' : (byte)'0';
        Findings(_uki.Folder.File("changed.efi", bytes)).ShouldContain(f => f.StartsWith("KS4608", StringComparison.Ordinal));
    }

    [SkippableFact]
    public void A_policys_signature_that_does_not_hold_by_the_key_that_travels_along_is_told_of()
    {
        UkiResult built = _uki.Build(o => o with { Pcr = new() { Key = TestSigners.Rsa2048.KeyFile(_uki.Folder), Banks = ["sha256"] } });
        byte[] bytes = File.ReadAllBytes(built.File);
        PeSection signatures = UkiBench.Header(built.File, ".pcrsig");
        int at = bytes.AsSpan((int)signatures.PointerToRawData).IndexOf("\"sig\":\""u8) + (int)signatures.PointerToRawData + 12;
        bytes[at] = bytes[at] == (byte)'A' ? (byte)'B' : (byte)'A';
        string finding = Findings(_uki.Folder.File("changed.efi", bytes)).Where(f => f.StartsWith("KS4609", StringComparison.Ordinal)).ShouldHaveSingleItem();
        finding.ShouldContain("(bank sha256, reference none) does not hold by .pcrpkey");
        finding.ShouldContain("--pcr-key");
    }

    [SkippableFact]
    public void A_section_that_is_there_twice_and_an_image_too_large_for_firmware_are_told_of()
    {
        byte[] kernel = File.ReadAllBytes(_uki.Kernel());
        byte[] image = Containers.Uki((".linux", kernel), (".cmdline", "one"u8.ToArray()), (".cmdline", "two"u8.ToArray()));
        BitConverter.GetBytes(0xC0000000u).CopyTo(image, (int)PeReader.Read(Layout.Of(image)).SizeOfImageOffset);
        string[] findings = Findings(_uki.Folder.File("twice.efi", image));
        findings.ShouldContain(f => f.StartsWith("KS4604: section .cmdline is there 2 times", StringComparison.Ordinal));
        findings.ShouldContain(f => f.StartsWith("KS4611: the image takes 0xc0000000 bytes in memory", StringComparison.Ordinal) && f.Contains("0x7fffffff"));
    }

    [SkippableFact]
    public void Contents_that_their_readers_refuse_are_told_of_and_the_rest_is_still_shown()
    {
        UkiResult built = _uki.Build(o => o with { Pcr = new() { Key = TestSigners.Rsa2048.KeyFile(_uki.Folder) } });
        byte[] bytes = File.ReadAllBytes(built.File);
        bytes[UkiBench.Header(built.File, ".pcrsig").PointerToRawData] = (byte)'?';
        bytes[UkiBench.Header(built.File, ".sbat").PointerToRawData] = (byte)',';
        UkiInspectResult found = _uki.Inspect(_uki.Folder.File("broken.efi", bytes));
        found.Findings.Count(f => f.StartsWith("KS4614", StringComparison.Ordinal)).ShouldBe(2);
        found.Sections.Length.ShouldBe(built.Sections.Length);
    }

    [SkippableFact]
    public void Addons_and_profiles_are_told_apart_and_what_is_neither_is_said()
    {
        string addon = _uki.Folder.At("a.addon.efi"), profile = _uki.Folder.At("p.efi");
        AddonBuildOperation.Definition.Run(new() { Architecture = "arm64", Contents = new() { CommandLine = "x" }, Output = addon }, _uki.Bench.Context);
        AddonBuildOperation.Definition.Run(new() { Architecture = "arm64", Contents = new() { CommandLine = "x" }, Profile = "ID=p", Output = profile }, _uki.Bench.Context);
        (_uki.Inspect(addon).Kind, _uki.Inspect(profile).Kind).ShouldBe(("addon for unified kernel images", "profile for a unified kernel image"));
        Findings(addon).ShouldBeEmpty();
        Findings(profile).ShouldBeEmpty();
        Findings(_uki.Kernel()).ShouldContain(f => f.StartsWith("KS4612", StringComparison.Ordinal));
    }

    [SkippableFact]
    public void An_image_inside_another_is_named_and_not_looked_into()
    {
        string inner = _uki.Build(output: "inner.efi").File;
        string outer = _uki.Build(o => o with { Linux = inner, Contents = o.Contents with { Uname = "6" } }).File;
        _uki.Inspect(outer).Image.Inner.ShouldNotBeNull().Kind.ShouldBe("unified kernel image inside another");
    }

    [SkippableFact]
    public void Verify_goes_inside_out_and_a_kernel_changed_inside_a_signed_image_is_refused()
    {
        UkiResult built = _uki.Build(o => o with { Inner = _uki.Bench.Identity(TestSigners.Leaf) }, "unsigned.efi");
        byte[] bytes = File.ReadAllBytes(built.File);
        bytes[UkiBench.Header(built.File, ".linux").PointerToRawData + TestImage.SizeOfHeaders + 5] ^= 1;
        string changed = _uki.Folder.File("changed.efi", bytes);
        foreach ((string image, Answer answer) in ((string, Answer)[])[(built.File, Answer.Accepts), (changed, Answer.Refuses)])
        {
            _uki.Bench.Sign(image, TestSigners.Rsa2048);
            VerifyResult result = VerifyOperation.Definition.Run(new()
            {
                File = _uki.Folder.At("signed"),
                Db = [TestSigners.Rsa2048.CertificateFile(_uki.Folder)],
                KexecCertificates = [TestSigners.Leaf.CertificateFile(_uki.Folder)],
            }, _uki.Bench.Context);
            result.Verdicts.Select(v => (v.Consumer, v.Answer)).ShouldBe([(Consumer.Kexec, answer), (Consumer.Firmware, Answer.Accepts)]);
            result.Verdicts[0].Reason.ShouldStartWith("the kernel of .linux");
        }
    }

    [SkippableFact]
    public void Damaged_images_are_refused_or_explained_whatever_was_changed()
    {
        UkiResult built = _uki.Build(o => o with
        {
            Linux = _uki.Folder.File("vmlinuz.efi", TestZboot.Gzip(File.ReadAllBytes(_uki.Kernel())).Bytes),
            Signing = _uki.Bench.Identity(TestSigners.Rsa2048),
            Pcr = new() { Key = TestSigners.Rsa2048.KeyFile(_uki.Folder), Banks = ["sha256"] },
            Profile = "ID=a",
        });
        byte[] sound = File.ReadAllBytes(built.File);
        int[] starts = [0x40, .. ((string[])[".linux", ".sbat", ".pcrsig", ".pcrpkey", ".profile"]).Select(name => (int)UkiBench.Header(built.File, name).PointerToRawData)];
        int explained = 0, refused = 0;
        foreach (int start in starts)
        {
            foreach (byte[] damaged in Mutations.Of(sound, start, start + 0x200, 60, seed: start))
            {
                string file = _uki.Folder.File("damaged.efi", damaged);
                try
                {
                    _uki.Inspect(file);
                    UkiMeasureOperation.Definition.Run(new() { File = file, Pcr = new() { StubVersion = 257 } }, _uki.Bench.Context);
                    VerifyOperation.Definition.Run(new() { File = file }, _uki.Bench.Context);
                    explained++;
                }
                catch (Formats.Errors.KexecSignException)
                {
                    refused++;
                }
            }
        }
        explained.ShouldBeGreaterThan(100);
        refused.ShouldBeGreaterThan(20);
    }

    public void Dispose() => _uki.Dispose();

    private string[] Findings(string file) => [.. _uki.Inspect(file).Findings];

    private string Patched(string file, string section, int field, Func<uint, uint> change)
    {
        byte[] bytes = File.ReadAllBytes(file);
        PeImage image = PeReader.Read(Layout.Of(bytes));
        int at = image.SectionTableOffset + 40 * image.Sections.IndexOf(image.FindSection(section)!) + field;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), change(System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at))));
        return _uki.Folder.File("patched.efi", bytes);
    }
}
