using KexecSign.Batches;
using KexecSign.Commands.Modules;
using KexecSign.Commands.Verify;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Judging;
using KexecSign.Keys.Keyrings;
using KexecSign.Signing;

namespace KexecSign.Tests.Commands.Modules;

/// <summary>Appended signatures judged by the kernel's sign-file and by modinfo.</summary>
public sealed class ModuleOperationTests : IDisposable
{
    private static readonly byte[] Content = TestModule();

    private readonly Bench _bench = new();
    private readonly string _module;

    public ModuleOperationTests() => _module = _bench.Folder.File("a.ko", Content);

    [SkippableTheory]
    [InlineData("rsa2048", "sha256", false)]
    [InlineData("rsa4096", "sha512", false)]
    [InlineData("rsa2048", "sha384", true)]
    [InlineData("rsa2048", "sha3-256", false)]
    [InlineData("rsa3072", "sha3-512", true)]
    public void An_RSA_signature_is_sign_files_own(string name, string digest, bool skid)
    {
        TestSigner signer = TestSigners.Named(name);
        string theirs = SignFile(signer, digest, skid);
        Sign(signer, o => o with { KeyIdentifier = skid, Signing = o.Signing with { Digest = digest } }).Exit.ShouldBe(ExitCode.Done);
        File.ReadAllBytes(_module).ShouldBe(File.ReadAllBytes(theirs));
    }

    [SkippableTheory]
    [InlineData("p256", "sha256", false)]
    [InlineData("p384", "sha384", true)]
    public void An_ECDSA_signature_differs_from_sign_files_in_its_numbers_only(string name, string digest, bool skid)
    {
        TestSigner signer = TestSigners.Named(name);
        string theirs = SignFile(signer, digest, skid);
        Verify(theirs, signer).Status.ShouldBe(FileStatus.Verified);
        Sign(signer, o => o with { KeyIdentifier = skid, Signing = o.Signing with { Digest = digest } });
        Verify(_module, signer).Status.ShouldBe(FileStatus.Verified);
        // The numbers differ by a few bytes in length; what comes between lengths and numbers is the same.
        byte[] ours = File.ReadAllBytes(_module)[Content.Length..], peer = File.ReadAllBytes(theirs)[Content.Length..];
        ours.AsSpan().IndexOf(signer.Certificate.SubjectName.RawData).ShouldBe(peer.AsSpan().IndexOf(signer.Certificate.SubjectName.RawData));
        ours[^28..].ShouldBe(peer[^28..]);
    }

    [SkippableTheory]
    [InlineData("a linked kernel", "-nostdlib", "-static", "-Wl,-e,license")]
    [InlineData("an object", "-c")]
    public void An_ELF_file_of_any_kind_is_signed_as_sign_file_does(string what, params string[] flags)
    {
        string source = _bench.Folder.File("k.c", System.Text.Encoding.UTF8.GetBytes($"const char license[] = \"{what}\";"));
        Tool.Run("gcc", [.. flags, "-o", _module, source]);
        string theirs = SignFile(TestSigners.Rsa2048, "sha256", skid: false);
        Sign(TestSigners.Rsa2048).Exit.ShouldBe(ExitCode.Done);
        File.ReadAllBytes(_module).ShouldBe(File.ReadAllBytes(theirs));
        Verify(_module, TestSigners.Rsa2048).Status.ShouldBe(FileStatus.Verified);
    }

    [SkippableFact]
    public void An_image_of_s390_is_signed_as_sign_file_does_and_its_kernel_takes_it()
    {
        // arch/s390/boot/head.S: "S390EP" lies at 0x10008.
        byte[] image = new byte[0x11000];
        "S390EP"u8.CopyTo(image.AsSpan(0x10008));
        File.WriteAllBytes(_module, image);
        string theirs = SignFile(TestSigners.Rsa2048, "sha256", skid: false);
        Sign(TestSigners.Rsa2048).Exit.ShouldBe(ExitCode.Done);
        File.ReadAllBytes(_module).ShouldBe(File.ReadAllBytes(theirs));
        Kexec(_module).ShouldBe(Answer.Accepts);
        byte[] changed = File.ReadAllBytes(_module);
        changed[0x10800] ^= 1;
        File.WriteAllBytes(_module, changed);
        Kexec(_module).ShouldBe(Answer.Refuses);
    }

    [SkippableFact]
    public void Modinfo_reads_signer_and_hash()
    {
        string source = _bench.Folder.File("m.c", "static const char license[] __attribute__((section(\".modinfo\"), used)) = \"license=GPL\";"u8);
        Tool.Run("gcc", "-c", "-o", _module, source);
        Sign(TestSigners.Rsa2048);
        string said = Tool.Run("modinfo", _module);
        said.ShouldContain("PKCS#7");
        said.ShouldContain("test rsa 2048");
        said.ShouldContain("sha256");
    }

    [SkippableTheory]
    [InlineData("xz")]
    [InlineData("zst")]
    [InlineData("gz")]
    public void A_compressed_module_is_opened_signed_and_closed(string ending)
    {
        string packed = Packed(ending);
        Sign(TestSigners.Rsa2048, o => o with { Files = [packed] }).Exit.ShouldBe(ExitCode.Done);
        string plain = Unpack(packed, ending);
        File.ReadAllBytes(plain)[..Content.Length].ShouldBe(Content);
        Verify(plain, TestSigners.Rsa2048).Status.ShouldBe(FileStatus.Verified);
        Verify(packed, TestSigners.Rsa2048).Status.ShouldBe(FileStatus.Verified);
        if (ending == "xz")
            Tool.Run("xz", "-l", packed).ShouldContain("CRC32");

        ModuleStripOperation.Definition.Run(new() { Files = [packed], InPlace = true }, _bench.Context).Files[0].Status.ShouldBe(FileStatus.Stripped);
        File.ReadAllBytes(Unpack(packed, ending)).ShouldBe(Content);
    }

    [SkippableTheory]
    [InlineData("xz")]
    [InlineData("zst")]
    [InlineData("gz")]
    public void Damaged_compression_is_refused_and_the_file_stays(string ending)
    {
        string packed = Packed(ending);
        foreach (byte[] damaged in Mutations.Of(File.ReadAllBytes(packed), 6, 200, 60, seed: 3))
        {
            File.WriteAllBytes(packed, damaged);
            FileOutcome outcome = Sign(TestSigners.P256, o => o with { Files = [packed] }).Files[0];
            if (outcome.Status == FileStatus.Signed)
                continue;
            outcome.Code.ShouldBeOneOf("KS3752", "KS3754", "KS3913", "KS3914");
            File.ReadAllBytes(packed).ShouldBe(damaged);
        }
    }

    [SkippableFact]
    public void All_streams_of_an_xz_file_are_the_module()
    {
        string packed = _module + ".xz", first = _bench.Folder.File("first", Content.AsSpan(0, 15000)), second = _bench.Folder.File("second", Content.AsSpan(15000));
        Tool.Run("xz", "--check=crc32", first);
        Tool.Run("xz", "--check=crc32", second);
        File.WriteAllBytes(packed, [.. File.ReadAllBytes(first + ".xz"), .. new byte[8], .. File.ReadAllBytes(second + ".xz")]);
        Sign(TestSigners.Rsa2048, o => o with { Files = [packed] }).Exit.ShouldBe(ExitCode.Done);
        File.ReadAllBytes(Unpack(packed, "xz"))[..Content.Length].ShouldBe(Content);
        // One stream, which is all that the kernel's own decoder reads.
        Tool.Run("xz", "--robot", "-l", packed).ShouldContain("file\t1\t");
        Verify(packed, TestSigners.Rsa2048).Status.ShouldBe(FileStatus.Verified);
    }

    [SkippableFact]
    public void A_skippable_frame_in_front_does_not_hide_that_a_module_is_compressed()
    {
        string packed = Packed("zst");
        File.WriteAllBytes(packed, [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4, .. File.ReadAllBytes(packed)]);
        Tool.Run("zstd", "-q", "-t", packed);
        Sign(TestSigners.Rsa2048, o => o with { Files = [packed] }).Exit.ShouldBe(ExitCode.Done);
        File.ReadAllBytes(Unpack(packed, "zst"))[..Content.Length].ShouldBe(Content);
        Verify(packed, TestSigners.Rsa2048).Status.ShouldBe(FileStatus.Verified);
    }

    [SkippableTheory]
    [InlineData("xz")]
    [InlineData("zst")]
    [InlineData("gz")]
    public void What_follows_the_end_of_the_data_is_not_lost_without_a_word(string ending)
    {
        string packed = Packed(ending);
        byte[] bytes = [.. File.ReadAllBytes(packed), .. "something behind it"u8];
        File.WriteAllBytes(packed, bytes);
        Sign(TestSigners.P256, o => o with { Files = [packed] }).Files[0].Code.ShouldBeOneOf("KS3754", "KS3913");
        File.ReadAllBytes(packed).ShouldBe(bytes);
    }

    [SkippableTheory]
    [InlineData("", "", "KS3751")]
    [InlineData("xz", "xz", "KS3751")]
    [InlineData("zst", "zst", "KS3751")]
    [InlineData("gz", "gz", "KS3751")]
    public void An_empty_module_is_refused(string how, string ending, string code)
    {
        string empty = _bench.Folder.File("empty.ko", default);
        string file = ending.Length == 0 ? empty : empty + "." + ending;
        _ = how switch { "xz" => Tool.Run("xz", "-k", empty), "zst" => Tool.Run("zstd", "-q", empty), "gz" => Tool.Run("gzip", "-k", empty), _ => "" };
        Sign(TestSigners.P256, o => o with { Files = [file] }).Files[0].Code.ShouldBe(code);
    }

    [SkippableTheory]
    [InlineData("xz", "m.ko.zst")]
    [InlineData("zst", "m.ko")]
    [InlineData("", "m.ko.xz")]
    [InlineData("", "m.ko.gz")]
    public void A_module_that_is_not_what_its_name_says_is_refused(string content, string name)
    {
        string file = _bench.Folder.File(name, File.ReadAllBytes(content.Length == 0 ? _module : Packed(content)));
        FileOutcome outcome = Sign(TestSigners.P256, o => o with { Files = [file] }).Files[0];
        outcome.Code.ShouldBe("KS3752");
    }

    [SkippableFact]
    public void What_a_small_file_may_grow_to_is_bounded_by_its_size()
    {
        string bomb = _bench.Folder.File("bomb.ko", new byte[64 << 20]);
        Tool.Run("xz", "-0", bomb);
        new FileInfo(bomb + ".xz").Length.ShouldBeLessThan(100_000);
        // Tests beside this one allocate, too, so that the least of some runs counts.
        Enumerable.Range(0, 5).Min(_ =>
        {
            long before = GC.GetTotalAllocatedBytes();
            Sign(TestSigners.P256, o => o with { Files = [bomb + ".xz"] }).Files[0].Code.ShouldBe("KS3914");
            return GC.GetTotalAllocatedBytes() - before;
        }).ShouldBeLessThan(150L << 20);
    }

    [Fact]
    public void Strip_gives_back_what_was_signed()
    {
        Sign(TestSigners.P256);
        ModuleStripResult result = ModuleStripOperation.Definition.Run(new() { Files = [_module], InPlace = true }, _bench.Context);
        result.Files[0].Status.ShouldBe(FileStatus.Stripped);
        File.ReadAllBytes(_module).ShouldBe(Content);
        ModuleStripOperation.Definition.Run(new() { Files = [_module], InPlace = true }, _bench.Context).Files[0].Status.ShouldBe(FileStatus.Skipped);
    }

    [Fact]
    public void A_signed_module_is_signed_again_only_when_asked()
    {
        Sign(TestSigners.Rsa2048);
        byte[] before = File.ReadAllBytes(_module);
        ModuleSignResult refused = Sign(TestSigners.Rsa2048);
        (refused.Files[0].Code, refused.Exit).ShouldBe(("KS3911", ExitCode.Failed));
        File.ReadAllBytes(_module).ShouldBe(before);
        Sign(TestSigners.Other, o => o with { SkipSigned = true }).Files[0].Code.ShouldBe("KS3911");
        Sign(TestSigners.Rsa2048, o => o with { SkipSigned = true }).Files[0].Status.ShouldBe(FileStatus.Skipped);
        Sign(TestSigners.Other, o => o with { SkipSigned = true, Replace = true }).Files[0].Status.ShouldBe(FileStatus.Signed);
        Verify(_module, TestSigners.Other).Status.ShouldBe(FileStatus.Verified);
    }

    [Fact]
    public void A_changed_module_is_not_skipped()
    {
        Sign(TestSigners.Rsa2048);
        byte[] changed = File.ReadAllBytes(_module);
        changed[200] ^= 1;
        File.WriteAllBytes(_module, changed);
        Sign(TestSigners.Rsa2048, o => o with { SkipSigned = true }).Files[0].Code.ShouldBe("KS3911");
    }

    [Theory]
    [InlineData("content", "KS4143")]
    [InlineData("key", "KS4142")]
    [InlineData("none", "KS4141")]
    public void Verify_says_what_is_wrong(string damage, string code)
    {
        if (damage != "none")
            Sign(TestSigners.Rsa2048);
        if (damage == "content")
            Flip(_module, 5);
        FileOutcome outcome = Verify(_module, damage == "key" ? TestSigners.Other : TestSigners.Rsa2048);
        (outcome.Status, outcome.Code).ShouldBe((FileStatus.Failed, code));
    }

    [Fact]
    public void An_image_with_Authenticode_is_refused_and_one_without_is_signed()
    {
        string image = _bench.Folder.File("Image", TestImage.Arm64().Bytes), signed = _bench.SignedImage(TestSigners.Rsa2048);
        ModuleSignResult result = Sign(TestSigners.Rsa2048, o => o with { Files = [image, signed] });
        result.Exit.ShouldBe(ExitCode.SomeFailed);
        result.Files[0].Status.ShouldBe(FileStatus.Signed);
        result.Files[1].Code.ShouldBe("KS1425");
    }

    [Fact]
    public void A_tree_is_signed_into_another_folder_and_one_bad_file_does_not_stop_it()
    {
        string tree = Tree(20);
        File.WriteAllBytes(Path.Combine(tree, "net", "bad.ko.xz"), [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, 1, 2, 3]);
        string output = _bench.Folder.Folder("out");
        ModuleSignResult result = Sign(TestSigners.P256, o => o with { Files = [tree], InPlace = false, Output = output });
        result.Exit.ShouldBe(ExitCode.SomeFailed);
        result.Files.Length.ShouldBe(21);
        result.Files.Select(f => f.File).ShouldBe(result.Files.Select(f => f.File).Order(StringComparer.Ordinal));
        result.Files.Where(f => f.Status == FileStatus.Failed).ShouldHaveSingleItem().Code.ShouldBe("KS3913");
        Directory.GetFiles(output, "*", SearchOption.AllDirectories).Length.ShouldBe(20);
        File.ReadAllBytes(Path.Combine(tree, "net", "m3.ko")).ShouldBe(Content);
        Verify(output, TestSigners.P256).Status.ShouldBe(FileStatus.Verified);
    }

    [Fact]
    public void A_run_that_was_interrupted_leaves_whole_files_and_can_be_run_again()
    {
        string tree = Tree(700);
        using (var stop = new CancellationTokenSource())
        {
            using var context = new RunContext { Keyring = new Keyring(), Cancellation = stop.Token, Log = new StopsAfter(400 * Content.Length, stop) };
            Should.Throw<OperationCanceledException>(() => ModuleSignOperation.Definition.Run(Options(tree), context));
        }
        string[] files = Directory.GetFiles(tree, "*", SearchOption.AllDirectories);
        files.Length.ShouldBe(700, "no temporary file is left");
        int signed = files.Count(f => new FileInfo(f).Length > Content.Length);
        signed.ShouldBeInRange(1, 699);
        ModuleSignResult again = ModuleSignOperation.Definition.Run(Options(tree) with { SkipSigned = true }, _bench.Context);
        again.Files.Count(f => f.Status == FileStatus.Skipped).ShouldBe(signed);
        again.Exit.ShouldBe(ExitCode.Done);
        ModuleVerifyOperation.Definition.Run(new() { Files = [tree], Certificates = [TestSigners.P256.CertificateFile(_bench.Folder)] }, _bench.Context).Exit.ShouldBe(ExitCode.Done);

        ModuleSignOptions Options(string files) => new() { Files = [files], InPlace = true, Signing = _bench.Identity(TestSigners.P256) };
    }

    [Fact]
    public void Wants_to_know_where_to_write()
    {
        Refusal.Of("KS3006", () => Sign(TestSigners.P256, o => o with { InPlace = false }));
        Refusal.Of("KS3063", () => Sign(TestSigners.P256, o => o with { Files = [Tree(1)], InPlace = false, Output = _bench.Folder.At("new") }), "/new");
        Refusal.Of("KS3011", () => Sign(TestSigners.P256, o => o with { Output = "x" }));
        Refusal.Of("KS3010", () => Sign(TestSigners.P256, o => o with { Files = [] }));
    }

    public void Dispose() => _bench.Dispose();

    private static byte[] TestModule()
    {
        byte[] content = new byte[40000];
        new Random(5).NextBytes(content.AsSpan(0, 20000));
        "\x7FELF"u8.CopyTo(content);
        return content;
    }

    private static void Flip(string file, int at)
    {
        byte[] bytes = File.ReadAllBytes(file);
        bytes[at] ^= 1;
        File.WriteAllBytes(file, bytes);
    }

    private string Tree(int count)
    {
        string tree = _bench.Folder.Folder("tree");
        foreach (string folder in (string[])["net", "fs/ext9"])
            Directory.CreateDirectory(Path.Combine(tree, folder));
        for (int i = 0; i < count; i++)
            File.WriteAllBytes(Path.Combine(tree, i % 2 == 1 ? "net" : "fs/ext9", $"m{i}.ko"), Content);
        return tree;
    }

    private string Packed(string ending)
    {
        string packed = _module + "." + ending;
        switch (ending)
        {
            case "xz":
                Tool.Run("xz", "-k", "--check=crc32", _module);
                break;
            case "zst":
                Tool.Run("zstd", "-q", _module, "-o", packed);
                break;
            default:
                Tool.Run("gzip", "-k", _module);
                break;
        }
        return packed;
    }

    private string Unpack(string packed, string ending)
    {
        string copy = _bench.Folder.At($"{Guid.NewGuid():N}.ko");
        File.Copy(packed, copy + "." + ending);
        _ = ending switch { "xz" => Tool.Run("xz", "-d", copy + ".xz"), "zst" => Tool.Run("zstd", "-q", "-d", copy + ".zst"), _ => Tool.Run("gzip", "-d", copy + ".gz") };
        return copy;
    }

    private Answer Kexec(string file) => VerifyOperation.Definition.Run(
        new() { File = file, Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)], Consumers = [Consumer.Kexec], Architecture = "s390x" },
        _bench.Context).Verdicts.ShouldHaveSingleItem().Answer;

    private string SignFile(TestSigner signer, string digest, bool skid)
    {
        string copy = _bench.Folder.File("theirs.ko", File.ReadAllBytes(_module));
        string[] arguments = [.. skid ? ["-k"] : Array.Empty<string>(), digest, signer.KeyFile(_bench.Folder), signer.CertificateFile(_bench.Folder), copy];
        Tool.Run(Tool.SignFile, arguments);
        return copy;
    }

    private ModuleSignResult Sign(TestSigner signer, Func<ModuleSignOptions, ModuleSignOptions>? change = null)
    {
        var options = new ModuleSignOptions { Files = [_module], InPlace = true, Signing = _bench.Identity(signer) };
        return ModuleSignOperation.Definition.Run(change is null ? options : change(options), _bench.Context);
    }

    private FileOutcome Verify(string file, TestSigner signer)
    {
        ModuleVerifyResult result = ModuleVerifyOperation.Definition.Run(new() { Files = [file], Certificates = [signer.CertificateFile(_bench.Folder)] }, _bench.Context);
        result.Exit.ShouldBe(result.Files.All(f => f.Status == FileStatus.Verified) ? ExitCode.Done : ExitCode.VerificationFailed);
        return result.Files[0];
    }

    private sealed class StopsAfter(long bytes, CancellationTokenSource stop) : IRunLog, IRunStep
    {
        private long _done;

        public IRunStep Step(string name, long totalBytes = 0) => this;

        public void Advance(long count)
        {
            if (Interlocked.Add(ref _done, count) >= bytes)
                stop.Cancel();
        }

        public void Warning(string message)
        {
        }

        public void Detail(string message)
        {
        }

        public void Dispose()
        {
        }
    }
}
