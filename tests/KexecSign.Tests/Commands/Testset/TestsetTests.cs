using System.Buffers.Binary;
using System.Security.Cryptography;
using KexecSign.Catalog;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Testset;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Pe;
using KexecSign.Judging;
using KexecSign.Tests.Zboot;

namespace KexecSign.Tests.Commands.Testset;

[Collection(CapturedKitCollection.Name)]
public sealed class TestsetTests : IDisposable
{
    private readonly CapturedKit _kit;
    private readonly Bench _bench = new();

    public TestsetTests(CapturedKit kit)
    {
        _kit = kit;
        _bench.Folder.File("Image", WideKernel());
    }

    [SkippableFact]
    public void The_same_keys_give_the_same_set_and_the_scripts_put_it_together()
    {
        TestsetResult one = Make("one"), two = Make("two", "one/keys");

        Tool.Run("diff", "-r", At("one"), At("two"));
        two.Images.ShouldBe(one.Images);
        Tool.Run("sh", At("one/unpack.sh")).ShouldContain("files are in images/");
        foreach (TestsetImage image in one.Images)
        {
            byte[] bytes = File.ReadAllBytes(At("one/" + image.File));
            bytes.LongLength.ShouldBe(image.Size);
            Convert.ToHexStringLower(SHA256.HashData(bytes)).ShouldBe(image.Sha256);
        }
        one.UnpackedBytes.ShouldBe(one.Images.Sum(i => i.Size));
        one.Bytes.ShouldBe(Directory.EnumerateFiles(At("two"), "*", SearchOption.AllDirectories).Where(f => !f.Contains("/keys/", StringComparison.Ordinal)).Sum(f => new FileInfo(f).Length));
        // The comparison that tells builds apart agrees with diff(1), and finds what makes a wrong image wrong.
        Tool.Run("sh", At("two/unpack.sh"));
        string matrix = File.ReadAllText(At("one/matrix.html")), markdown = File.ReadAllText(At("one/matrix.md"));
        foreach (TestsetImage image in one.Images)
        {
            Differences("one/" + image.File, "two/" + image.File).ShouldBeEmpty();
            if (image.File.StartsWith("images/raw/", StringComparison.Ordinal) && image.Sha256 != Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(At("one/base/Image")))))
                Differences("one/base/Image", "one/" + image.File).ShouldNotBeEmpty(image.File);
            matrix.ShouldContain(image.Sha256);
            markdown.ShouldContain($"| `{image.File}` |");
        }
    }

    private System.Collections.Immutable.ImmutableArray<KexecSign.Inspection.Differences.FileDifference> Differences(string before, string now) =>
        KexecSign.Commands.Inspect.InspectOperation.Definition.Run(new() { Diff = At(before), File = At(now) }, _bench.Context).Comparison!.Differences;

    [SkippableFact]
    public void Verify_says_of_each_image_what_the_set_says()
    {
        TestsetResult set = Make("set");
        Tool.Run("sh", At("set/unpack.sh"));
        foreach (TestsetImage image in set.Images)
        {
            if (image.Xattr is { } value)
                File.Copy(At("set/" + value), At("set/" + image.File + ".sig"));
            image.Firmware.Verdict.ShouldBe(Verify(image, Consumer.Firmware, "db", "expired", "revoked", "rsa3072", "rsa4096"), image.File);
            image.Kexec!.Verdict.ShouldBe(Verify(image, Consumer.Kexec, "db", "expired", "revoked", "rsa3072", "rsa4096"), image.File);
            if (image.Ima is { } ima)
                ima.Verdict.ShouldBe(Verify(image, Consumer.Ima, "ima"), image.File);
            if (image.Bpf is { } bpf)
                bpf.Verdict.ShouldBe(Verify(image, Consumer.Bpf, "db"), image.File);
        }
    }

    [SkippableTheory]
    [InlineData("kexec", true)]
    [InlineData("unenforced", true)]
    [InlineData("kexec", false)]
    public void The_runner_tells_a_kernel_that_is_right_from_one_that_is_not(string mode, bool right)
    {
        Make("set");
        // Says what a kernel would, by the column of the table; or takes everything.
        int column = mode == "kexec" ? 3 : 4;
        string fake = _bench.Folder.File("kexec", System.Text.Encoding.UTF8.GetBytes($"""
            #!/bin/sh
            [ "$2" = -l ] || exit 0
            [ {(right ? 1 : 0)} = 1 ] || exit 0
            case $(grep "^$3	" '{At("set/expected.tsv")}' | cut -f{column}) in
            accepts) exit 0 ;;
            ENODATA) said='No data available' ;;
            ENOKEY) said='Required key not available' ;;
            EKEYREJECTED) said='Key was rejected by service' ;;
            ELIBBAD) said='Accessing a corrupted shared library' ;;
            ENOTSUPP) said='Unknown error 524' ;;
            EINVAL) echo "Cannot determine the file type of $3" >&2; exit 255 ;;
            esac
            echo "kexec_file_load failed: $said" >&2
            exit 255
            """));
        File.SetUnixFileMode(fake, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        (int exit, string output) = Tool.Ask("sh", "-c", $"PATH='{Path.GetDirectoryName(fake)}':$PATH exec sh '{At("set/run.sh")}' {mode}");

        exit.ShouldBe(right ? 0 : 1, output);
        string[] lines = output.Split('\n');
        lines.ShouldContain("KTAP version 1");
        lines.Count(l => l.StartsWith("ok ", StringComparison.Ordinal) || l.StartsWith("not ok ", StringComparison.Ordinal)).ShouldBe(int.Parse(lines.Single(l => l.StartsWith("1..", StringComparison.Ordinal))[3..]));
        lines.Any(l => l.StartsWith("not ok ", StringComparison.Ordinal)).ShouldBe(!right, output);
        if (!right)
            output.ShouldContain("# expected ENOKEY, seen accepts");
    }

    [SkippableFact]
    public void Private_keys_are_for_their_owner_only()
    {
        Make("set");
        string[] keys = Directory.GetFiles(At("set/keys"), "*.key");
        keys.ShouldNotBeEmpty();
        keys.ShouldAllBe(key => File.GetUnixFileMode(key) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [SkippableFact]
    public void What_cannot_become_a_set_is_refused_and_leaves_nothing()
    {
        Make("set");
        _bench.Folder.File("small", SmallKernel.Image());
        _bench.Folder.File("amd64", SmallKernel.Image(PeConstants.MachineAmd64));
        SignOperation.Definition.Run(new SignOptions { Files = [At("Image")], Signing = _bench.Identity(TestSigners.Rsa2048), Output = At("signed") }, _bench.Context);

        Refused("KS3950", o => o with { Image = At("amd64") });
        Refused("KS3951", o => o with { Image = At("signed") });
        Refused("KS3952", o => o with { Output = At("set") });
        Refused("KS3953", o => o with { Keys = _bench.Folder.Path }).Says.ShouldStartWith("db.key is missing");
        Refused("KS3954", o => o with { Image = At("small") });
        Refused("KS3950", o => o with { Stub = At("amd64") });
        Refused("KS3955", o => o with { Stub = At("signed") });
        Refused("KS3003", o => o with { Output = At("Image") });
        Refused("KS3001", o => o with { Image = At("nowhere") });

        KexecSignException Refused(string code, Func<TestsetOptions, TestsetOptions> change)
        {
            KexecSignException refused = Refusal.Of(code, () => OperationCatalog.Testset.Run(change(Options("new")), _bench.Context));
            Directory.Exists(At("new")).ShouldBeFalse();
            Directory.EnumerateDirectories(_bench.Folder.Path, ".kexecsign-*").ShouldBeEmpty();
            return refused;
        }
    }

    public void Dispose() => _bench.Dispose();

    private TestsetResult Make(string name, string? keys = null) =>
        OperationCatalog.Testset.Run(Options(name) with { Keys = keys is null ? SharedKeys() : At(keys) }, _bench.Context);

    // Eight RSA keys take seconds to make.
    private string SharedKeys()
    {
        string first = Path.Combine(_kit.Folder, "testset");
        if (!Directory.Exists(first))
            OperationCatalog.Testset.Run(Options(first), _bench.Context);
        return Path.Combine(first, "keys");
    }

    private TestsetOptions Options(string name) => new() { Image = At("Image"), Kit = _kit.Require(), Output = Path.Combine(_bench.Folder.Path, name) };

    private Answer Verify(TestsetImage image, Consumer consumer, params string[] trusted)
    {
        var options = new VerifyOptions
        {
            File = At("set/" + image.File),
            Consumers = [consumer],
            Applied = true,
            Certificates = [.. trusted.Select(t => At($"set/keys/{t}.pem"))],
            Dbx = consumer is Consumer.Firmware or Consumer.Kexec ? At("set/keys/dbx.esl") : null,
        };
        try
        {
            Verdict verdict = OperationCatalog.Verify.Run(options, _bench.Context).Verdicts.Single();
            // The set is meant for rules that say imasig|modsig; whether a machine's do is not in the file.
            return verdict.Reason.Contains("imasig|modsig", StringComparison.Ordinal) ? Answer.Accepts : verdict.Answer;
        }
        catch (KexecSignException refused)
        {
            refused.Code.Id.ShouldBe("KS1018");
            return Answer.Refuses;
        }
    }

    private string At(string name) => Path.Combine(_bench.Folder.Path, name);

    // Large enough that what makes its payload a bomb has room in it.
    private static byte[] WideKernel()
    {
        const int more = 0x180000;
        byte[] small = SmallKernel.Image(), image = new byte[small.Length + more];
        small.CopyTo(image, 0);
        new Random(2).NextBytes(image.AsSpan(small.Length));
        foreach (int field in (int[])[16, 0x58 + 56, 0xF8 + 40 + 8, 0xF8 + 40 + 16])
            BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(field), BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(field)) + more);
        return image;
    }
}
