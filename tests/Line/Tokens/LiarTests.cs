using System.Security.Cryptography;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>Tokens that lie: about a signature, about how much they wrote. What they said wrong is in no file, and no run falls over it.</summary>
[Collection(nameof(TokenBench))]
public sealed class LiarTests(TokenBench bench) : IDisposable
{
    private const string GetTokenInfo = "6", SignInit = "42", Sign = "43";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("flip", "rsa")]
    [InlineData("zero", "rsa")]
    [InlineData("last", "rsa")]
    [InlineData("short", "rsa")]
    [InlineData("empty", "rsa")]
    [InlineData("long", "rsa")]
    [InlineData("huge", "rsa")]
    [InlineData("negative", "rsa")]
    [InlineData("flip", "ec")]
    [InlineData("zero", "ec")]
    [InlineData("last", "ec")]
    public void Where_the_third_signature_of_a_batch_is_wrong_that_file_is_missing_and_the_others_hold(string how, string label)
    {
        TokenBench.Require();
        string output = _folder.Folder("out");
        // Eight times the same image would be eight times the same signature.
        string[] images = [.. Enumerable.Range(0, 6).Select(i => _folder.File($"different{i}", Different(i)))];
        Answer answer = KexecSignProgram.RunWith(bench.Liar(how, at: 3, Sign),
            ["sign", .. images, "--key", $"pkcs11:token=Bench;object={label}", "--cert", bench.Certificate(label), "--pin-env", "BENCH_PIN", "-o", output]);
        answer.Exit.ShouldBe(3, answer.Error);
        answer.Error.ShouldMatch("KS2070|KS2072|KS2037");
        answer.Error.ShouldNotContain("KS3000");
        string[] written = Directory.GetFileSystemEntries(output);
        // After a token's fault no new file is begun.
        written.Length.ShouldBeInRange(2, images.Length - 1);
        foreach (string image in written)
            Tool.Run("sbverify", "--cert", bench.Certificate(label), image);
    }

    [SkippableTheory]
    [InlineData("sign IMAGE --key rsa -o OUT")]
    [InlineData("module sign CONTENT --key rsa -o OUT")]
    [InlineData("ima sign CONTENT --key rsa --sidecar")]
    [InlineData("provenance sign CONTENT --key rsa -o OUT")]
    [InlineData("rpm sign PACKAGE --key rsa -o OUT")]
    [InlineData("build --image IMAGE --key rsa -o OUT")]
    [InlineData("build --image IMAGE --ima-key URI --ima-cert CERT -o OUT")]
    [InlineData("build --image IMAGE --provenance OUT.json --provenance-key URI --provenance-cert CERT -o OUT")]
    [InlineData("uki build --linux IMAGE --stub STUB --pcr-key URI -o OUT")]
    [InlineData("bpf container --parser PARSER --key rsa -o OUT")]
    [InlineData("keys enroll --pk CERT --pk-key rsa -o ENROLMENT")]
    public void Whatever_is_signed_a_wrong_signature_ends_it(string command)
    {
        TokenBench.Require();
        string content = _folder.File("content", [0x7f, (byte)'E', (byte)'L', (byte)'F', .. RandomNumberGenerator.GetBytes(5000)]);
        string image = _folder.File("image", TestImage.Arm64().Bytes), output = _folder.At("out"), enrolment = _folder.Folder("enrolment");
        if (command.Contains("PACKAGE", StringComparison.Ordinal))
            _folder.File("package.rpm", Disk.Scenario.Package());
        if (command.Contains("PARSER", StringComparison.Ordinal))
            KexecSignProgram.Succeed("bpf", "compile", Path.Combine(AppContext.BaseDirectory, "parser", "zboot.bpf.c"), "--abi", "v7", "-o", _folder.At("parser.o"));
        if (command.Contains("STUB", StringComparison.Ordinal))
            _folder.File("stub", []);
        string[] before = Files();
        string[] arguments =
        [
            .. command.Split(' ').SelectMany(word => word switch
            {
                "IMAGE" => [image],
                "CONTENT" => [content],
                "OUT" => [output],
                "ENROLMENT" => [enrolment],
                "PARSER" => [_folder.At("parser.o")],
                "OUT.json" => [output + ".json"],
                "PACKAGE" => [_folder.At("package.rpm")],
                "STUB" => [_folder.File("stub", Containers.Uki((".sdmagic", "#### LoaderInfo: systemd-stub 257 ####\0"u8.ToArray())))],
                "URI" => ["pkcs11:token=Bench;object=rsa"],
                "CERT" => [bench.Certificate("rsa")],
                "rsa" => (string[])["pkcs11:token=Bench;object=rsa", .. command.Contains("--pk-key", StringComparison.Ordinal) ? [] : (string[])["--cert", bench.Certificate("rsa")]],
                _ => [word],
            }),
            "--pin-env", "BENCH_PIN",
        ];
        string mark = _folder.At("mark");
        KexecSignProgram.RunWith(bench.Liar("right", at: 1, Sign, mark), arguments).Exit.ShouldBe(0);
        File.Exists(mark).ShouldBeTrue("the command asks the token for a signature");
        foreach (string made in Files().Except([.. before, mark]))
            File.Delete(made);
        // A bit of it is wrong; or it is right, and another key's of the same kind and length.
        foreach ((string how, string call) in ((string, string)[])[("flip", Sign), ("other", SignInit)])
        {
            File.Delete(mark);
            Answer answer = KexecSignProgram.RunWith(bench.Liar(how, at: 1, call, mark), arguments);
            File.Exists(mark).ShouldBeTrue(how);
            answer.Exit.ShouldBe(1, answer.Error);
            answer.Error.ShouldContain("KS2070");
            Files().Except([mark]).ShouldBe(before, how);
        }
    }

    // What SoftHSM tells of a token whose file another process rewrites at the time: an error, or nothing where the label stands.
    [SkippableTheory]
    [InlineData("error")]
    [InlineData("zero")]
    public void A_token_that_is_read_while_its_file_is_rewritten_is_asked_again(string how)
    {
        TokenBench.Require();
        string mark = _folder.At("mark"), output = _folder.At("out");
        Answer answer = KexecSignProgram.RunWith(bench.Liar(how, at: 1, GetTokenInfo, mark),
            ["sign", bench.Images[0], "--key", "pkcs11:token=Bench;object=rsa", "--cert", bench.Certificate("rsa"), "--pin-env", "BENCH_PIN", "-o", output]);
        File.Exists(mark).ShouldBeTrue();
        answer.Exit.ShouldBe(0, answer.Error);
        Tool.Run("sbverify", "--cert", bench.Certificate("rsa"), output);
    }

    [SkippableFact]
    public void Many_processes_that_log_in_at_once_all_find_the_token()
    {
        TokenBench.Require();
        string[] ends = [.. Enumerable.Range(0, 60).AsParallel().WithDegreeOfParallelism(12).Select(i => KexecSignProgram.RunWith(bench.Environment,
            "sign", bench.Images[0], "--key", "pkcs11:token=Bench;object=rsa", "--cert", bench.Certificate("rsa"), "--pin-env", "BENCH_PIN", "-o", _folder.At($"{i}.efi")).Error)];
        ends.ShouldAllBe(error => error.Length == 0);
        Directory.GetFiles(_folder.Path, "*.efi").Length.ShouldBe(60);
    }

    // Every call of a run, whichever it is, once with each sort of lie that the call allows.
    [SkippableTheory]
    [InlineData("flip")]
    [InlineData("zero")]
    [InlineData("huge")]
    [InlineData("negative")]
    [InlineData("long")]
    [InlineData("error")]
    public void A_lie_in_whatever_call_leaves_right_files_or_none(string how)
    {
        TokenBench.Require();
        string mark = _folder.At("mark");
        int at = 0;
        do
        {
            File.Delete(mark);
            string output = _folder.Folder($"{++at}");
            Answer answer = KexecSignProgram.RunWith(bench.Liar(how, at, call: null, mark),
                ["sign", .. bench.Images[..2], "--key", "pkcs11:token=Bench;object=rsa", "--cert", bench.Certificate("rsa"), "--pin-env", "BENCH_PIN", "-o", output]);
            string told = $"lie '{how}' in call {at}: exit {answer.Exit}\n{answer.Error}";
            answer.Exit.ShouldBeOneOf([0, 1, 3], told);
            answer.Error.ShouldNotContain("KS3000", customMessage: told);
            string[] written = Directory.GetFileSystemEntries(output);
            if (answer.Exit == 0)
                written.Length.ShouldBe(2, told);
            foreach (string image in written)
                Tool.Run("sbverify", "--cert", bench.Certificate("rsa"), image);
        }
        while (File.Exists(mark));
        at.ShouldBeGreaterThan(20, "a run makes more calls than that");
    }

    private string[] Files() => [.. Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private static byte[] Different(int number)
    {
        byte[] image = [.. TestImage.Arm64().Bytes];
        // Deep in .text, where nothing but the digest looks.
        image[0x1800] = (byte)number;
        return image;
    }
}
