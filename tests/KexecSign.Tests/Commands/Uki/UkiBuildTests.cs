using System.Text;
using KexecSign.Commands.Uki;
using KexecSign.Commands.Verify;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Judging;
using KexecSign.Tests.Uki;
using KexecSign.Uki;

namespace KexecSign.Tests.Commands.Uki;

/// <summary>Images as they are built, judged by binutils, pefile (which ukify is made of) and the signers.</summary>
public sealed class UkiBuildTests : IDisposable
{
    private UkiBench? _uki;

    [SkippableTheory]
    [InlineData("stub arm64")]
    [InlineData("newer stub arm64")]
    public void Pefile_reads_the_sections_that_were_put_in(string stub)
    {
        UkiResult built = Uki(stub).Build();
        const string script = """
            import hashlib, pefile, sys
            pe = pefile.PE(sys.argv[1])
            for warning in pe.get_warnings(): print('WARNING', warning)
            for s in pe.sections: print(s.Name.rstrip(b'\0').decode(), hashlib.sha256(s.get_data(length=s.Misc_VirtualSize)).hexdigest())
            """;
        string read = Tool.Run("/usr/bin/python3", "-c", script, built.File);
        read.ShouldNotContain("WARNING");
        foreach ((string name, string text) in ((string, string)[])[(".cmdline", "root=/dev/vda quiet"), (".uname", "6.1.0-test")])
            read.ShouldContain($"{name} {Sha256(Encoding.ASCII.GetBytes(text))}");
        read.ShouldContain($".linux {Sha256(File.ReadAllBytes(_uki!.Kernel()))}");
        read.ShouldContain($".initrd {Sha256(File.ReadAllBytes(_uki.Initrd()))}");
    }

    [SkippableFact]
    public void Objdump_sees_the_sections_in_the_order_of_the_specification()
    {
        UkiResult built = Uki().Build(o => o with { Contents = o.Contents with { Microcode = [_uki!.Initrd(64, 9)] } });
        string[] names = [.. Tool.Run("aarch64-linux-gnu-objdump", "-h", built.File).Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 3 && words[1].StartsWith('.')).Select(words => words[1])];
        names.ShouldBe([".text", ".rodata", ".data", ".sdmagic", ".reloc", ".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".uname", ".sbat"]);
        _uki!.Bench.Warnings.ShouldContain(w => w.Contains(".ucode") && w.Contains("256"));
    }

    [SkippableTheory]
    [InlineData("stub arm64")]
    [InlineData("newer stub arm64")]
    public void All_signers_compute_the_digest_that_was_signed(string stub)
    {
        UkiResult built = Uki(stub).Build(o => o with { Signing = _uki!.Bench.Identity(TestSigners.Rsa2048) });
        string digest = built.Signature.ShouldNotBeNull().ImageDigest;
        ToolDigests.Osslsigncode(built.File).ShouldBe((digest, digest));
        ToolDigests.Pesign(built.File).ShouldBe(digest);
        Tool.Ask("sbverify", "--cert", TestSigners.Rsa2048.CertificateFile(_uki!.Folder), built.File).Exit.ShouldBe(0);
        (built.Size, built.Sha256).ShouldBe((new FileInfo(built.File).Length, Sha256(File.ReadAllBytes(built.File))));
    }

    [SkippableFact]
    public void Several_initrds_begin_on_multiples_of_four()
    {
        string first = Uki().Initrd(1001, 1), second = _uki!.Initrd(7, 2);
        UkiResult built = _uki.Build(o => o with { Contents = o.Contents with { Initrds = [first, second] } });
        UkiBench.Section(built.File, ".initrd").ShouldBe([.. File.ReadAllBytes(first), 0, 0, 0, .. File.ReadAllBytes(second), 0]);
    }

    [SkippableFact]
    public void A_kernel_that_is_signed_inside_has_one_length_for_every_reader()
    {
        UkiResult built = Uki().Build(o => o with { Inner = _uki!.Bench.Identity(TestSigners.Leaf), Signing = _uki.Bench.Identity(TestSigners.Rsa2048) });
        PeSection linux = UkiBench.Header(built.File, ".linux");
        (linux.VirtualSize, linux.SizeOfRawData).ShouldBe(((uint)TestImage.ImageSize, (uint)TestImage.ImageSize));
        string kernel = _uki!.Folder.File("extracted", UkiBench.Section(built.File, ".linux"));
        PeReader.Read(Layout.Of(File.ReadAllBytes(kernel))).SizeOfImage.ShouldBe((uint)TestImage.ImageSize);
        Bench.KernelAccepts(kernel, TestSigners.Leaf).ShouldBeTrue();
        Tool.Ask("sbverify", "--cert", TestSigners.Leaf.CertificateFile(_uki.Folder), kernel).Exit.ShouldBe(0);
        Sha256(File.ReadAllBytes(kernel)).ShouldBe(built.Kernel.ShouldNotBeNull().Sha256);
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_zboot_is_signed_inside_to_one_length_too_with_and_without_room_for_the_signature(bool room)
    {
        TestImage zboot = TestZboot.Roomy(File.ReadAllBytes(Uki().Kernel()));
        if (!room)
            zboot.OptionalField(56, (uint)zboot.Bytes.Length);
        uint before = zboot.U32(zboot.Optional + 56);
        UkiResult built = _uki!.Build(o => o with { Linux = _uki.Folder.File("vmlinuz.efi", zboot.Bytes), Inner = _uki.Bench.Identity(TestSigners.Leaf) });
        PeSection linux = UkiBench.Header(built.File, ".linux");
        string kernel = _uki.Folder.File("extracted", UkiBench.Section(built.File, ".linux"));
        uint size = PeReader.Read(Layout.Of(File.ReadAllBytes(kernel))).SizeOfImage;
        (linux.VirtualSize, linux.SizeOfRawData).ShouldBe((size, size));
        (size == before).ShouldBe(room);
        Tool.Ask("sbverify", "--cert", TestSigners.Leaf.CertificateFile(_uki.Folder), kernel).Exit.ShouldBe(0);
        // The Image inside the zboot tells the version.
        built.Kernel.ShouldNotBeNull().Version.ShouldBe("6.1.0-test");
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_Image_inside_a_zboot_is_signed_too_so_that_kexec_takes_what_it_unpacks(bool updated)
    {
        string zboot = Uki().Folder.File("vmlinuz.efi", TestZboot.Roomy(File.ReadAllBytes(_uki!.Kernel())).Bytes);
        UkiResult built = updated
            ? _uki.Update(_uki.Build(output: "plain.efi").File, o => o with { Linux = zboot, Inner = _uki.Bench.Identity(TestSigners.Leaf) })
            : _uki.Build(o => o with { Linux = zboot, Inner = _uki.Bench.Identity(TestSigners.Leaf) });
        VerifyResult verdict = VerifyOperation.Definition.Run(
            new() { File = built.File, Certificates = [TestSigners.Leaf.CertificateFile(_uki.Folder)], Consumers = [Consumer.Kexec] }, _uki.Bench.Context);
        verdict.Verdicts.Single().Answer.ShouldBe(Answer.Accepts, verdict.Verdicts.Single().Reason);
        // zlib and sbverify say the same of what is inside.
        string kernel = _uki.Folder.File("extracted", UkiBench.Section(built.File, ".linux")), image = _uki.Folder.At("Image");
        const string unpack = "import sys,zlib; d=open(sys.argv[1],'rb').read(); o=int.from_bytes(d[8:12],'little'); "
            + "open(sys.argv[2],'wb').write(zlib.decompressobj(31).decompress(d[o:]))";
        Tool.Run("/usr/bin/python3", "-c", unpack, kernel, image);
        Tool.Ask("sbverify", "--cert", TestSigners.Leaf.CertificateFile(_uki.Folder), image).Exit.ShouldBe(0);
        built.Notes.ShouldContain(note => note.Contains("Image inside") && note.Contains(Sha256(File.ReadAllBytes(image))));
    }

    [SkippableFact]
    public void A_zboot_whose_Image_is_signed_already_or_finds_no_room_is_not_signed_around_it()
    {
        string full = Uki().Folder.File("full.efi", TestZboot.Gzip(File.ReadAllBytes(_uki!.Kernel())).Bytes);
        Refusal.Of("KS4710", () => _uki.Build(o => o with { Linux = full, Inner = _uki.Bench.Identity(TestSigners.Leaf) }), "zboot repack");
        byte[] image = File.ReadAllBytes(_uki.Bench.SignedImage(TestSigners.Other));
        string signed = _uki.Folder.File("signed.efi", TestZboot.Roomy(image).Bytes);
        Refusal.Of("KS3667", () => _uki.Build(o => o with { Linux = signed, Inner = _uki.Bench.Identity(TestSigners.Leaf) }), "the Image inside");
    }

    [SkippableFact]
    public void Debians_bzImage_is_signed_inside_and_stays_one_that_kexec_takes()
    {
        UkiResult built = Uki("newer stub amd64").Build(o => o with { Linux = DebianFiles.Named("cloud kernel amd64"), Inner = _uki!.Bench.Identity(TestSigners.Leaf) });
        PeSection linux = UkiBench.Header(built.File, ".linux");
        linux.VirtualSize.ShouldBe(linux.SizeOfRawData);
        VerifyResult verdict = VerifyOperation.Definition.Run(
            new() { File = built.File, Certificates = [TestSigners.Leaf.CertificateFile(_uki!.Folder)], Consumers = [Consumer.Kexec] }, _uki.Bench.Context);
        verdict.Verdicts.Single().Answer.ShouldBe(Answer.Accepts, verdict.Verdicts.Single().Reason);
    }

    [SkippableFact]
    public void A_kernel_that_is_signed_already_stays_byte_for_byte()
    {
        string signed = DebianFiles.Named("signed kernel amd64");
        UkiResult built = Uki("stub amd64").Build(o => o with { Linux = signed });
        UkiBench.Section(built.File, ".linux").ShouldBe(File.ReadAllBytes(signed));
        UkiBench.Header(built.File, ".linux").VirtualSize.ShouldBe((uint)new FileInfo(signed).Length);
        _uki!.Bench.Warnings.ShouldContain(w => w.Contains("no multiple of 512"));
        Refusal.Of("KS3667", () => _uki.Build(o => o with { Linux = signed, Inner = _uki.Bench.Identity(TestSigners.Leaf) }), "1 signature(s)");
        _uki.Build(o => o with { Linux = signed, Inner = _uki.Bench.Identity(TestSigners.Leaf), InnerReplace = true }).Kernel!.Signature.ShouldNotBeNull();
    }

    [SkippableFact]
    public void A_parser_is_not_put_into_a_kernel_that_is_signed()
    {
        string signed = Uki().Bench.SignedImage(TestSigners.Leaf), parser = _uki!.Folder.File("parser.o", "a parser"u8);
        Refusal.Of(
            "KS3668", () => _uki.Build(o => o with { Linux = signed, InnerParser = parser }), "would break the signature", "--inner-key",
            "--inner-replace");
        _uki.Folder.Names().ShouldNotContain("linux.efi");
    }

    [SkippableFact]
    public void A_zboot_whose_headers_ask_for_more_than_is_taken_is_not_signed_inside()
    {
        TestImage zboot = TestZboot.Roomy(File.ReadAllBytes(Uki().Kernel())).OptionalField(56, 0x20010000);
        string kernel = _uki!.Folder.File("vmlinuz.efi", zboot.Bytes);
        Refusal.Of("KS1727", () => _uki.Build(o => o with { Linux = kernel, Inner = _uki.Bench.Identity(TestSigners.Leaf) }),
            "would have 0x20010000 bytes", "at most 0x20000000", "The header lies");
    }

    [SkippableFact]
    public void Parsers_go_into_both_levels_and_come_out_again()
    {
        string outer = Parsers.Compile(Uki().Folder), inner = Parsers.Compile(_uki!.Folder, "bpf_handle_pefile");
        UkiResult built = _uki.Build(o => o with
        {
            Linux = _uki.Folder.File("vmlinuz.efi", TestZboot.Roomy(File.ReadAllBytes(_uki.Kernel())).Bytes),
            Contents = o.Contents with { Parser = outer },
            InnerParser = inner,
            Inner = _uki.Bench.Identity(TestSigners.Leaf),
        });
        string kernel = _uki.Folder.File("extracted", UkiBench.Section(built.File, ".linux")), taken = _uki.Folder.At("taken");
        foreach ((string image, string parser) in ((string, string)[])[(built.File, outer), (kernel, inner)])
        {
            KexecSign.Commands.Bpf.BpfExtractOperation.Definition.Run(new() { Image = image, Output = taken }, _uki.Bench.Context);
            File.ReadAllBytes(taken).ShouldBe(File.ReadAllBytes(parser));
        }
    }

    [SkippableFact]
    public void A_text_file_that_is_not_UTF_8_is_refused_before_it_becomes_another_text()
    {
        string text = Uki().Folder.File("text", (byte[])[.. "caf"u8, 0xE9]);
        Refusal.Of("KS3002", () => _uki!.Build(o => o with { Contents = o.Contents with { CommandLine = "@" + text } }),
            text, ".cmdline", "0xe9 at 0x3");
        Refusal.Of("KS3002", () => _uki!.Build(o => o with { Contents = o.Contents with { Uname = "@" + text } }), text, ".uname");
        _uki!.Folder.Names().ShouldNotContain("linux.efi");
    }

    [SkippableFact]
    public void Profiles_follow_the_base_each_with_its_own_section_first()
    {
        string profile = Uki().Folder.At("rescue.efi");
        AddonBuildOperation.Definition.Run(new() { Architecture = "arm64", Profile = "ID=rescue", Contents = new() { CommandLine = "rescue" }, Output = profile }, _uki!.Bench.Context);
        UkiResult built = _uki.Build(o => o with { Profile = "ID=main", JoinedProfiles = [profile] });
        UkiImage uki = UkiImage.Read(Layout.Of(File.ReadAllBytes(built.File)));
        uki.Profiles.Select(p => string.Join(' ', p.Select(part => part.Name))).ShouldBe([".profile", ".profile .cmdline"]);
        Encoding.ASCII.GetString(uki.Effective(1).First(p => p.Name == ".cmdline").Content.ReadBytes(0, 6)).ShouldBe("rescue");
        Refusal.Of("KS3010", () => _uki.Build(o => o with { JoinedProfiles = [profile] }), "--profile");
        Refusal.Of("KS1726", () => _uki.Build(o => o with { Profile = "ID=main", JoinedProfiles = [built.File] }), ".linux");
    }

    [SkippableFact]
    public void The_same_inputs_and_key_give_the_same_bytes()
    {
        Func<UkiBuildOptions, UkiBuildOptions> signed = o => o with { Signing = Uki().Bench.Identity(TestSigners.Rsa2048), Pcr = new() { Key = TestSigners.Rsa4096.KeyFile(_uki!.Folder) } };
        Uki().Build(signed, "one.efi").Sha256.ShouldBe(_uki!.Build(signed, "two.efi").Sha256);
    }

    [SkippableFact]
    public void Text_comes_from_files_and_line_ends_of_a_command_line_become_blanks()
    {
        string file = Uki().Folder.File("cmdline", "root=/dev/vda\nquiet  x=\"a  b\"\n"u8);
        UkiResult built = _uki!.Build(o => o with { Contents = o.Contents with { CommandLine = "@" + file, Uname = " 9.9 " } });
        Encoding.ASCII.GetString(UkiBench.Section(built.File, ".cmdline")).ShouldBe("root=/dev/vda quiet  x=\"a  b\"");
        Encoding.ASCII.GetString(UkiBench.Section(built.File, ".uname")).ShouldBe("9.9");
    }

    [SkippableFact]
    public void SBAT_rows_of_stub_kernel_and_options_are_merged()
    {
        string text = Encoding.ASCII.GetString(UkiBench.Section(Uki().Build().File, ".sbat"));
        text.Split('\n').Count(row => row.StartsWith("sbat,", StringComparison.Ordinal)).ShouldBe(1);
        text.ShouldContain("systemd,1,");
        text.ShouldContain("uki,1,");
        string own = Encoding.ASCII.GetString(UkiBench.Section(_uki!.Build(o => o with { Contents = o.Contents with { Sbat = ["mine,3,Me,mine,1,https://example.org"] } }).File, ".sbat"));
        own.ShouldContain("mine,3,Me");
        own.ShouldNotContain("uki,1,");
        // shim reads VirtualSize bytes and refuses a section that has more of them than file content.
        PeSection sbat = UkiBench.Header(_uki.Folder.At("linux.efi"), ".sbat");
        sbat.VirtualSize.ShouldBe((uint)own.Length);
    }

    [SkippableTheory]
    [InlineData("KS3660", "gzip data")]
    [InlineData("KS3661", "arm64 (0xaa64)")]
    [InlineData("KS1714", ".linux")]
    [InlineData("KS3664", ".dtb")]
    [InlineData("KS1716", "device tree")]
    [InlineData("KS1717", "bitmap")]
    [InlineData("KS1719", "0x0")]
    [InlineData("KS3663", "0x10001")]
    [InlineData("KS3665", ".toolong99:x")]
    [InlineData("KS1712", ".cmdline")]
    [InlineData("KS3010", "--cert")]
    [InlineData("KS3675", "--pcr-bank")]
    [InlineData("KS3669", "ECDSA")]
    [InlineData("KS1722", "a::b")]
    [InlineData("KS3005", "output")]
    [InlineData("KS3001", "there is no such file")]
    [InlineData("KS3001", "@ (for .osrel)")]
    public void One_clear_error_for_each_bad_input(string code, string told)
    {
        UkiBench uki = Uki();
        string junk = uki.Folder.File("junk", new byte[100]);
        Func<UkiBuildOptions, UkiBuildOptions> change = code switch
        {
            "KS3660" => o => o with { Linux = uki.Folder.File("kernel.gz", [0x1F, 0x8B, 8, 0]) },
            "KS3661" => o => o with { Stub = DebianFiles.Named("stub amd64") },
            "KS1714" => o => o with { Stub = uki.Build(output: "finished.efi").File },
            "KS3664" => o => o with { Contents = o.Contents with { DeviceTree = uki.Initrd(17 << 20) } },
            "KS1716" => o => o with { Contents = o.Contents with { DeviceTree = junk } },
            "KS1717" => o => o with { Contents = o.Contents with { Splash = junk } },
            "KS1719" => o => o with { Contents = o.Contents with { CommandLine = "\0quiet" } },
            "KS3663" => o => o with { Contents = o.Contents with { OsRelease = new string('x', 0x10001) } },
            "KS3665" => o => o with { Contents = o.Contents with { Sections = [".toolong99:x"] } },
            "KS1712" => o => o with { Contents = o.Contents with { CommandLine = "" } },
            "KS3010" => o => o with { Signing = new() { Key = TestSigners.Rsa2048.KeyFile(uki.Folder) } },
            "KS3675" => o => o with { Pcr = new() { Banks = ["sha1"] } },
            "KS3669" => o => o with { Pcr = new() { Key = TestSigners.P256.KeyFile(uki.Folder) } },
            "KS1722" => o => o with { Pcr = new() { Key = TestSigners.Rsa2048.KeyFile(uki.Folder), Phases = ["a::b"] } },
            "KS3005" => o => o with { Output = o.Linux },
            _ when told.StartsWith('@') => o => o with { Contents = o.Contents with { OsRelease = "@" } },
            _ => o => o with { Contents = o.Contents with { Initrds = ["/nowhere"] } },
        };
        Refusal.Of(code, () => uki.Build(change), told);
        uki.Folder.Names().ShouldNotContain("linux.efi");
    }

    [SkippableFact]
    public void A_kernel_that_changes_on_its_way_in_is_noticed_before_the_image_appears()
    {
        string kernel = Uki().Kernel();
        // Read for its digest, then for the image: by then the file says something else.
        var changing = new ChangingSource(File.ReadAllBytes(kernel));
        Layout content = Layout.Of(changing);
        using var output = KexecSign.Files.OutputFile.Create(_uki!.Folder.At("linux.efi"));
        StubImage stub = StubImage.Read(Layout.Of(File.ReadAllBytes(_uki.Stub)));
        Layout image = UkiComposer.Compose(stub.Image, stub.File, stub.Own, [new(".linux", content)]);
        string before = Sha256(File.ReadAllBytes(kernel));
        Refusal.Of("KS3666", () =>
        {
            changing.Flip();
            UkiRelease.Write(image, [ExpectedSection.Kernel(image, before)], null, output, _uki.Bench.Context);
        }, before);
        File.Exists(_uki.Folder.At("linux.efi")).ShouldBeFalse();
    }

    [SkippableFact]
    public void An_initrd_that_changes_after_its_policy_was_signed_is_noticed_too()
    {
        StubImage stub = StubImage.Read(Layout.Of(File.ReadAllBytes(Uki().Stub)));
        PcrSigner signer = PcrSigner.Open(new() { Key = TestSigners.Rsa2048.KeyFile(_uki!.Folder), Banks = ["sha1"] }, new(), _uki.Bench.Context).ShouldNotBeNull();
        var changing = new ChangingSource(File.ReadAllBytes(_uki.Initrd()));
        (Layout image, _, var measured) = UkiAssembly.Make(
            new(stub.Image, stub.File, stub.Own, stub.Magic), [new(".linux", Layout.Of(File.ReadAllBytes(_uki.Kernel()))), new(".initrd", Layout.Of(changing))], [], signer, null, _uki.Bench.Context);
        measured.Select(section => section.Name).ShouldBe([".linux", ".initrd"]);
        using var output = KexecSign.Files.OutputFile.Create(_uki.Folder.At("linux.efi"));
        changing.Flip();
        Refusal.Of("KS3666", () => UkiRelease.Write(image, measured, null, output, _uki.Bench.Context), ".initrd");
        File.Exists(_uki.Folder.At("linux.efi")).ShouldBeFalse();
    }

    public void Dispose() => _uki?.Dispose();

    private UkiBench Uki(string stub = "newer stub arm64") => _uki ??= new(stub);

    private static string Sha256(byte[] bytes) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));

    private sealed class ChangingSource(byte[] bytes) : IByteSource
    {
        public long Length => bytes.Length;

        public void Flip() => bytes[^2] ^= 1;

        public void Read(long offset, Span<byte> destination) => bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }
}
