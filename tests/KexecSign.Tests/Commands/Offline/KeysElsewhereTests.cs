using System.Text;
using KexecSign.Commands.Bpf;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Keys;
using KexecSign.Commands.Modules;
using KexecSign.Commands.Offline;
using KexecSign.Commands.Provenance;
using KexecSign.Commands.Rpm;
using KexecSign.Commands.Sign;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Signing;

namespace KexecSign.Tests.Commands.Offline;

/// <summary>
/// Operations with keys that are elsewhere: what comes out is what a key at hand gives, byte for byte, and what the real consumers take.
/// </summary>
public sealed class KeysElsewhereTests : IDisposable
{
    private static readonly TestSigner Signer = TestSigners.Rsa2048;

    private readonly Bench _bench = new();
    private readonly string _bundle;

    public KeysElsewhereTests() => _bundle = _bench.Folder.At("bundle");

    public void Dispose() => _bench.Dispose();

    [SkippableTheory]
    [InlineData("rsa2048", "sha256")]
    [InlineData("rsa4096", "sha512")]
    public void A_tree_of_modules_gets_what_sign_file_makes(string name, string digest)
    {
        TestSigner signer = TestSigners.Named(name);
        string tree = Tree("tree"), theirs = Tree("theirs");
        foreach (string module in Directory.GetFiles(theirs, "*.ko", SearchOption.AllDirectories))
            Tool.Run(Tool.SignFile, digest, signer.KeyFile(_bench.Folder), signer.CertificateFile(_bench.Folder), module);
        Run(ModuleSignOperation.Definition, Modules(theirs, signer, null, "*.ko.xz") with { Signing = Here(signer, digest) });
        Dictionary<string, string> before = Contents(tree);

        var prepared = Run(ModuleSignOperation.Definition, Modules(tree, signer, "prepare:" + _bundle, digest: digest)).ShouldBeOfType<BundledResult>();
        prepared.Keys.ShouldHaveSingleItem().Requested.ShouldBe(4);
        Contents(tree).ShouldBe(before);
        BundleSign(signer).Stages.ShouldHaveSingleItem().ShouldBe(
            new(1, "module sign", 4, 4, Path.Combine(_bundle, "stage-1", "answers", "signatures")));
        Run(ModuleSignOperation.Definition, Modules(tree, signer, "attach:" + _bundle, digest: digest)).Exit.ShouldBe(ExitCode.Done);
        Contents(tree).ShouldBe(Contents(theirs));
    }

    [SkippableFact]
    public void What_openssl_signs_line_by_line_is_taken_and_sha256sum_reads_the_lines()
    {
        string tree = Tree("tree"), theirs = Tree("theirs");
        File.Delete(Path.Combine(tree, "kernel/b.ko.xz"));
        File.Delete(Path.Combine(theirs, "kernel/b.ko.xz"));
        Run(ModuleSignOperation.Definition, Modules(theirs, Signer));
        Run(ModuleSignOperation.Definition, Modules(tree, Signer, "prepare:" + _bundle));
        string digests = Path.Combine(_bundle, "stage-1", "requests", "digests");
        Tool.Run("sha256sum", "-c", digests).ShouldContain("a.ko: OK");
        foreach (string hash in File.ReadLines(digests).Select(line => line.Split(' ')[0]))
            Pkeyutl(Signer, hash, Path.Combine(_bundle, "stage-1", "answers", "any-" + hash[..9]));
        Run(ModuleSignOperation.Definition, Modules(tree, Signer, "attach:" + _bundle));
        Contents(tree).ShouldBe(Contents(theirs));
    }

    [SkippableFact]
    public void ECDSA_answers_are_found_by_the_hash_in_their_name()
    {
        TestSigner signer = TestSigners.P256;
        string tree = Tree("tree");
        Run(ModuleSignOperation.Definition, Modules(tree, signer, "prepare:" + _bundle));
        string answers = Path.Combine(_bundle, "stage-1", "answers");
        foreach (string hash in File.ReadLines(Path.Combine(_bundle, "stage-1", "requests", "digests")).Select(line => line.Split(' ')[0]))
            Pkeyutl(signer, hash, Path.Combine(answers, hash + ".sig"));
        Run(ModuleSignOperation.Definition, Modules(tree, signer, "attach:" + _bundle)).Exit.ShouldBe(ExitCode.Done);
        Run(ModuleVerifyOperation.Definition, new ModuleVerifyOptions { Files = [tree], Certificates = [signer.CertificateFile(_bench.Folder)] })
            .Exit.ShouldBe(ExitCode.Done);
    }

    [Fact]
    public void A_file_that_was_changed_since_stops_all_and_nothing_is_written()
    {
        string tree = Tree("tree", packed: false);
        Run(ModuleSignOperation.Definition, Modules(tree, Signer, "prepare:" + _bundle));
        BundleSign(Signer);
        byte[] changed = File.ReadAllBytes(Path.Combine(tree, "a.ko"));
        changed[^1] ^= 1;
        File.WriteAllBytes(Path.Combine(tree, "a.ko"), changed);
        Dictionary<string, string> before = Contents(tree);
        Refusal.Of("KS3722", () => Run(ModuleSignOperation.Definition, Modules(tree, Signer, "attach:" + _bundle)), "1 file(s)", "KS3721",
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(changed)), "a.ko");
        Contents(tree).ShouldBe(before);
    }

    [Fact]
    public void What_would_fail_is_told_before_anything_is_prepared()
    {
        string tree = Tree("tree", packed: false);
        Run(ModuleSignOperation.Definition, Modules(Path.Combine(tree, "a.ko"), Signer));
        Refusal.Of("KS3722", () => Run(ModuleSignOperation.Definition, Modules(tree, Signer, "prepare:" + _bundle)), "1 file(s)", "a.ko");
        Directory.Exists(_bundle).ShouldBeFalse();
    }

    [Fact]
    public void Where_nothing_is_to_be_signed_there_is_no_bundle()
    {
        string tree = Tree("tree", packed: false);
        Run(ModuleSignOperation.Definition, Modules(tree, Signer));
        var options = Modules(tree, Signer, "prepare:" + _bundle) with { SkipSigned = true };
        Run(ModuleSignOperation.Definition, options).ShouldBeOfType<BundledResult>().Keys.ShouldBeEmpty();
        Directory.Exists(_bundle).ShouldBeFalse();
    }

    [Theory]
    [InlineData("\"Module\"", "77")]
    [InlineData("\"requests\": [", "\"requests\": [ null,")]
    [InlineData("\"number\": 1", "\"number\": 2")]
    public void A_manifest_with_holes_is_no_bundle(string old, string damaged)
    {
        string tree = Tree("tree", packed: false), manifest = Path.Combine(_bundle, "manifest.json");
        Run(ModuleSignOperation.Definition, Modules(tree, Signer, "prepare:" + _bundle));
        string text = File.ReadAllText(manifest);
        text.ShouldContain(old);
        File.WriteAllText(manifest, text.Replace(old, damaged, StringComparison.Ordinal));
        Refusal.Of("KS3712", () => BundleSign(Signer));
        Refusal.Of("KS3712", () => Run(ModuleSignOperation.Definition, Modules(tree, Signer, "attach:" + _bundle)));
    }

    [Fact]
    public void What_was_asked_for_before_is_not_asked_again()
    {
        string tree = Tree("tree", packed: false);
        Run(ModuleSignOperation.Definition, Modules(Path.Combine(tree, "a.ko"), Signer, "prepare:" + _bundle));
        var second = (BundledResult)Run(ModuleSignOperation.Definition, Modules(tree, Signer, "prepare:" + _bundle));
        second.Keys.ShouldBe([new(Signer.Certificate.Subject, 2, 2, 1)]);
        ((BundledResult)Run(ModuleSignOperation.Definition, Modules(tree, Signer, "prepare:" + _bundle))).Keys
            .ShouldBe([new(Signer.Certificate.Subject, null, 0, 3)]);
        BundleSign(Signer).Stages.Length.ShouldBe(2);
        Refusal.Of("KS3727", () => BundleSign(Signer), "the 2 that are have their answers already");
        Run(ModuleSignOperation.Definition, Modules(tree, Signer, "attach:" + _bundle)).Exit.ShouldBe(ExitCode.Done);
    }

    [SkippableFact]
    public void An_IMA_value_is_evmctls_own()
    {
        string file = _bench.Folder.File("vmlinuz", TestImage.Arm64().Bytes);
        Round(ImaSignOperation.Definition, s => new ImaSignOptions { Files = [file], Signing = s, Sidecar = true },
            () => File.Exists(file + ".sig").ShouldBeFalse());
        byte[] value = File.ReadAllBytes(file + ".sig");
        Tool.Run("evmctl", "ima_verify", "--key", _bench.Folder.File("ima.der", Signer.Certificate.RawData), "--sigfile", file);
        Tool.Run("evmctl", "ima_sign", "-a", "sha256", "--key", Signer.KeyFile(_bench.Folder), "--sigfile", file);
        value.ShouldBe(File.ReadAllBytes(file + ".sig"));
    }

    [SkippableFact]
    public void Attributes_are_set_when_the_signatures_are_there_and_not_before()
    {
        string file = _bench.Folder.File("vmlinuz", TestImage.Arm64().Bytes);
        Skip.If(ExtendedAttribute.TrySet(file, "user.test", [1]) is not null, "the disk has no attributes");
        Round(ImaSignOperation.Definition, s => new ImaSignOptions { Files = [file], Signing = s, Xattr = "user" },
            () => ExtendedAttribute.TryGet(file, "user.ima").ShouldBeNull());
        ExtendedAttribute.TryGet(file, "user.ima").ShouldNotBeNull();
        Round(EvmSignOperation.Definition, s => new EvmSignOptions { Files = [file], Signing = s, Xattr = "user", Set = true, User = 0, Group = 0, Mode = 0x81A4 },
            () => ExtendedAttribute.TryGet(file, "user.evm").ShouldBeNull());
        byte[] evm = ExtendedAttribute.TryGet(file, "user.evm").ShouldNotBeNull();
        Run(EvmSignOperation.Definition,
            new EvmSignOptions { Files = [file], Signing = Here(Signer), Xattr = "user", User = 0, Group = 0, Mode = 0x81A4 })
            .ShouldBeOfType<EvmSignResult>().Files[0].Value.ShouldBe(Convert.ToHexStringLower(evm));
    }

    [Fact]
    public void EVM_beside_IMA_is_a_round_of_its_own()
    {
        string file = _bench.Folder.File("vmlinuz", TestImage.Arm64().Bytes);
        var options = new ImaSignOptions { Files = [file], Signing = There(Signer, "prepare:" + _bundle), Sidecar = true };
        Refusal.Of("KS3011", () => Run(ImaSignOperation.Definition, options with { Evm = options.Evm with { Wanted = true } }), "evm sign");
    }

    [SkippableFact]
    public void The_files_of_a_package_are_signed_as_rpmsign_does()
    {
        string package = Package(), here = _bench.Folder.At("here.rpm"), there = _bench.Folder.At("there.rpm");
        Run(RpmSignOperation.Definition, new RpmSignOptions { Files = [package], Output = here, Signing = Here(Signer) });
        Round(RpmSignOperation.Definition, s => new RpmSignOptions { Files = [package], Output = there, Signing = s },
            () => File.Exists(there).ShouldBeFalse());
        File.ReadAllBytes(there).ShouldBe(File.ReadAllBytes(here));
        Tool.Run("rpm", "-K", "--nosignature", there).ShouldContain("digests OK");
        File.ReadAllText(Path.Combine(_bundle, "stage-1", "review.txt")).ShouldContain("package-1-1.noarch.rpm: /boot/kernel");
    }

    [SkippableFact]
    public void Updates_of_variables_are_those_of_efitools()
    {
        TestSigner pk = TestSigner.Rsa("pk"), kek = TestSigner.Rsa("kek");
        string here = _bench.Folder.Folder("here"), there = _bench.Folder.Folder("there");
        KeysEnrollOptions Options(string output, string pkKey, string kekKey) => new()
        {
            PlatformKey = pk.CertificateFile(_bench.Folder),
            PlatformSigner = pkKey,
            KeyExchangeKeys = [kek.CertificateFile(_bench.Folder)],
            KeyExchangeSigner = kekKey,
            Allowed = [Signer.CertificateFile(_bench.Folder)],
            Output = output,
            Time = new DateTime(2026, 1, 31, 12, 30, 5, DateTimeKind.Utc),
        };
        Run(KeysEnrollOperation.Definition, Options(here, pk.KeyFile(_bench.Folder), kek.KeyFile(_bench.Folder)));
        var prepared = (BundledResult)Run(KeysEnrollOperation.Definition, Options(there, "prepare:" + _bundle, "prepare:" + _bundle));
        prepared.Keys.Length.ShouldBe(2);
        Directory.GetFileSystemEntries(there).ShouldBeEmpty();
        // What the firmware will be told can be read before it is signed.
        Directory.GetFiles(Path.Combine(_bundle, "stage-1", "requests"), "*.content").ShouldNotBeEmpty();
        BundleSign(pk);
        BundleSign(kek);
        Run(KeysEnrollOperation.Definition, Options(there, "attach:" + _bundle, "attach:" + _bundle));
        foreach (string name in (string[])["PK.auth", "KEK.auth", "db.auth"])
            File.ReadAllBytes(Path.Combine(there, name)).ShouldBe(File.ReadAllBytes(Path.Combine(here, name)));
        Refusal.Of("KS3010", () => Run(KeysEnrollOperation.Definition, Options(there, "prepare:" + _bundle, "prepare:" + _bundle) with { Time = null }), "--time");
    }

    [Fact]
    public void Provenance_and_images_are_those_of_a_key_at_hand()
    {
        string file = _bench.Folder.File("Image", TestImage.Arm64().Bytes), here = _bench.Folder.At("here"), there = _bench.Folder.At("there");
        Run(ProvenanceSignOperation.Definition, new ProvenanceSignOptions { Files = [file], Output = here, Signing = Here(Signer) });
        Round(ProvenanceSignOperation.Definition, s => new ProvenanceSignOptions { Files = [file], Output = there, Signing = s },
            () => File.Exists(there).ShouldBeFalse());
        File.ReadAllBytes(there).ShouldBe(File.ReadAllBytes(here));
        Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(_bundle, "stage-1", "requests", "00001.content"))).ShouldStartWith("DSSEv1");

        Run(SignOperation.Definition, new SignOptions { Files = [file], Output = here, Fit = true, Signing = Here(Signer) });
        Round(SignOperation.Definition, s => new SignOptions { Files = [file], Output = there, Fit = true, Signing = s });
        File.ReadAllBytes(there).ShouldBe(File.ReadAllBytes(here));
        Bench.KernelAccepts(there, Signer).ShouldBeTrue();
    }

    [Fact]
    public void A_bundle_of_images_is_signed_by_bundle_sign_too()
    {
        string image = _bench.Folder.File("Image", TestImage.Arm64().Bytes), there = _bench.Folder.At("there");
        string certificate = Signer.CertificateFile(_bench.Folder);
        Run(PrepareOperation.Definition, new PrepareOptions { Files = [image], Certificate = certificate, Bundle = _bundle });
        Run(ModuleSignOperation.Definition, Modules(Tree("tree", packed: false), Signer, "prepare:" + _bundle));
        BundleSign(Signer).Stages.Select(stage => (stage.Operation, stage.Signed, stage.Unseen)).ShouldBe([("prepare", 1, 0), ("module sign", 3, 3)]);
        _bench.Warnings.ShouldContain(warning => warning.Contains("one key", StringComparison.Ordinal));
        Run(AttachOperation.Definition, new AttachOptions { Bundle = _bundle, Certificate = certificate, Output = there });
        Bench.KernelAccepts(there, Signer).ShouldBeTrue();
    }

    [Fact]
    public void The_signer_looks_at_what_it_signs()
    {
        string file = _bench.Folder.File("Image", TestImage.Arm64().Bytes);
        Run(SignOperation.Definition, new SignOptions { Files = [file], Output = _bench.Folder.At("x"), Signing = There(Signer, "prepare:" + _bundle) });
        string manifest = Path.Combine(_bundle, "manifest.json"), content = Path.Combine(_bundle, "stage-1", "requests", "00001.content");
        string text = File.ReadAllText(manifest);
        File.WriteAllText(manifest, text.Replace("\"Authenticode\"", "\"Digest\"", StringComparison.Ordinal));
        Refusal.Of("KS3726", () => BundleSign(Signer), "attributes of a PE signature");
        File.WriteAllText(manifest, text.Replace("\"content\"", "\"ignored\"", StringComparison.Ordinal));
        Refusal.Of("KS3726", () => BundleSign(Signer), "not there to be looked at");
        byte[] fileId = [3, 4, .. new byte[32]], attributes = File.ReadAllBytes(content);
        File.WriteAllBytes(content, fileId);
        File.WriteAllText(manifest, text.Replace("\"Authenticode\"", "\"Module\"", StringComparison.Ordinal).Replace(Hash(attributes), Hash(fileId), StringComparison.Ordinal));
        Refusal.Of("KS3726", () => BundleSign(Signer), "signatures of version 3");
        File.WriteAllBytes(content, attributes);
        File.WriteAllText(manifest, text);
        File.AppendAllText(content, "x");
        Refusal.Of("KS3726", () => BundleSign(Signer), "and what it holds has");
        Directory.GetFiles(Path.Combine(_bundle, "stage-1", "answers")).ShouldBeEmpty();
        Refusal.Of("KS3727", () => BundleSign(TestSigners.Rsa3072), TestSigners.Rsa3072.Certificate.Subject, Signer.Certificate.Subject);
    }

    [Fact]
    public void Answers_that_hold_by_another_key_are_refused()
    {
        string tree = Tree("tree", packed: false);
        Run(ModuleSignOperation.Definition, Modules(tree, Signer, "prepare:" + _bundle));
        string answer = Path.Combine(_bundle, "stage-1", "answers", "x");
        File.WriteAllBytes(answer, ((System.Security.Cryptography.RSA)TestSigner.Rsa("another").Key).SignHash(
            new byte[32], System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1));
        Refusal.Of("KS3725", () => Run(ModuleSignOperation.Definition, Modules(tree, Signer, "attach:" + _bundle)), "256 bytes");
        File.Delete(answer);
        File.CreateSymbolicLink(answer, "/etc/passwd");
        Refusal.Of("KS3712", () => Run(ModuleSignOperation.Definition, Modules(tree, Signer, "attach:" + _bundle)), "a link");
    }

    [Fact]
    public void Keys_elsewhere_are_refused_where_they_have_no_sense()
    {
        string file = _bench.Folder.File("Image", TestImage.Arm64().Bytes);
        SigningOptions there = There(Signer, "prepare:" + _bundle);
        Refusal.Of("KS3712", () => Run(SignOperation.Definition, new SignOptions { Files = [file], Output = file + "x", Signing = there with { Key = "attach:" } }), "names no folder");
        Refusal.Of("KS3720", () => Run(BundleSignOperation.Definition, new BundleSignOptions { Bundle = file, Signing = there }), "'bundle sign'");
        Refusal.Of("KS3723", () => Run(ImaSignOperation.Definition, new ImaSignOptions { Files = [file], Signing = there with { Certificate = null } }), "prepare:");
        Refusal.Of("KS3011", () => Run(SignOperation.Definition, new SignOptions
        {
            Files = [file],
            Output = file + ".signed",
            Signing = there,
            Timestamp = new() { Servers = ["http://localhost:1"] },
        }), "timestamp");
        Refusal.Of("KS3724", () => Run(KeysEnrollOperation.Definition, new KeysEnrollOptions
        {
            PlatformKey = Signer.CertificateFile(_bench.Folder),
            PlatformSigner = "prepare:a",
            KeyExchangeKeys = [TestSigners.Rsa3072.CertificateFile(_bench.Folder)],
            KeyExchangeSigner = "prepare:b",
            Allowed = [Signer.CertificateFile(_bench.Folder)],
            Output = _bench.Folder.Folder("o"),
            Time = DateTime.UnixEpoch,
        }), "prepare:a", "prepare:b");
    }

    [Fact]
    public void A_plan_says_that_a_bundle_is_all_that_is_written()
    {
        string file = _bench.Folder.File("a.ko", Module(1));
        using var dry = new RunContext { Keyring = _bench.Context.Keyring, DryRun = true };
        PlannedStep[] prepares = [.. ((PlannedResult)ModuleSignOperation.Definition.Run((object)Modules(file, Signer, "prepare:" + _bundle), dry)).Steps];
        prepares.Select(step => step.Action).ShouldBe(["read", "prepare"]);
        ((PlannedResult)ModuleSignOperation.Definition.Run((object)Modules(file, Signer, "attach:" + _bundle), dry)).Steps.Select(step => step.Action)
            .ShouldBe(["read", "attach", "write"]);
    }

    private void Round<TOptions, TResult>(Operation<TOptions, TResult> operation, Func<SigningOptions, TOptions> options, Action? between = null)
        where TOptions : class, new()
        where TResult : OperationResult
    {
        Run(operation, options(There(Signer, "prepare:" + _bundle))).ShouldBeOfType<BundledResult>();
        between?.Invoke();
        BundleSign(Signer);
        between?.Invoke();
        Run(operation, options(There(Signer, "attach:" + _bundle))).ShouldBeOfType<TResult>().Exit.ShouldBe(ExitCode.Done);
    }

    private OperationResult Run(Operation operation, object options) => operation.Run(options, _bench.Context);

    private BundleSignResult BundleSign(TestSigner signer) =>
        (BundleSignResult)Run(BundleSignOperation.Definition, new BundleSignOptions { Bundle = _bundle, Signing = Here(signer) });

    private SigningOptions Here(TestSigner signer, string? digest = null) => _bench.Identity(signer) with { Digest = digest };

    private SigningOptions There(TestSigner signer, string key, string? digest = null) => Here(signer, digest) with { Key = key };

    private ModuleSignOptions Modules(string place, TestSigner signer, string? key = null, string? pattern = null, string? digest = null) => new()
    {
        Files = [pattern is null ? place : Path.Combine(place, "**", pattern)],
        InPlace = true,
        Signing = key is null ? Here(signer, digest) : There(signer, key, digest),
    };

    private string Tree(string name, bool packed = true)
    {
        string tree = _bench.Folder.Folder(name);
        Directory.CreateDirectory(Path.Combine(tree, "kernel", "deep"));
        File.WriteAllBytes(Path.Combine(tree, "a.ko"), Module(1));
        File.WriteAllBytes(Path.Combine(tree, "kernel", "b.ko"), Module(2));
        File.WriteAllBytes(Path.Combine(tree, "kernel", "deep", "c.ko"), Module(3));
        if (packed)
        {
            string xz = Path.Combine(tree, "kernel", "d.ko");
            File.WriteAllBytes(xz, Module(4));
            Tool.Run("xz", "--check=crc32", xz);
            File.Move(xz + ".xz", Path.Combine(tree, "kernel", "b.ko.xz"));
        }
        return tree;
    }

    private static byte[] Module(int seed)
    {
        byte[] content = new byte[20000 + seed];
        new Random(seed).NextBytes(content.AsSpan(0, 9000));
        "\x7FELF"u8.CopyTo(content);
        return content;
    }

    private static Dictionary<string, string> Contents(string tree) => Directory.GetFiles(tree, "*", SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).ToDictionary(file => Path.GetRelativePath(tree, file), file =>
            Hash(File.ReadAllBytes(file)));

    private static string Hash(byte[] content) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content));

    private void Pkeyutl(TestSigner signer, string hash, string answer) => Tool.Run(
        "openssl", "pkeyutl", "-sign", "-inkey", signer.KeyFile(_bench.Folder), "-pkeyopt", "digest:sha256",
        "-in", _bench.Folder.File("hash", Convert.FromHexString(hash)), "-out", answer);

    private string Package() => TestPackage.Build(
        _bench.Folder, [("kernel", "kernel"u8.ToArray()), ("config", "config"u8.ToArray())], "_binary_filedigest_algorithm 8");
}
