using System.Collections.Immutable;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Catalog;
using KexecSign.Commands.Testset;
using KexecSign.Judging;

namespace KexecSign.Boot.Tests;

/// <summary>
/// Every image of the test set before its real consumers: what expected.json says, what they do, and what <c>verify</c> says of it must
/// be the same.
/// </summary>
[Collection(nameof(LabBench))]
public class TestsetLabTests(LabBench bench)
{
    [SkippableFact]
    public void The_set_is_small_enough_to_be_kept()
    {
        bench.Require();
        bench.Set.Bytes.ShouldBeLessThan(50_000_000);
    }

    [SkippableFact]
    public void Firmware_judges_each_image_as_the_set_says()
    {
        bench.Require();
        ImmutableArray<TestsetImage> images = bench.Set.Images;
        ImmutableArray<FirmwareAnswer> answers = new FirmwareSession(bench.Work(), bench.Init, bench.SecureBoot()).Judge([.. images.Select(i => bench.InSet(i.File))]);
        bench.Report.Require([.. images.Zip(answers, (i, a) => new Outcome(bench.Judge("firmware"), i.File, $"{i.Firmware}", a.Accepted ? "accepts" : "refuses", a.Seconds, a.Console))]);
    }

    [SkippableFact]
    public void Kexec_under_Secure_Boot_judges_each_image_as_the_set_says()
    {
        bench.Require();
        Load("kexec", bench.UnderSecureBoot(), [.. bench.Set.Images.Select(i => (i, i.KexecOfFile ?? i.Kexec!))]).Booted.ShouldEndWith(" SecureBoot=1");
    }

    [SkippableFact]
    public void Kexec_without_Secure_Boot_judges_each_image_as_the_set_says()
    {
        bench.Require();
        Load("kexec unenforced", bench.WithoutSecureBoot(), [.. bench.Set.Images.Select(i => (i, i.KexecUnenforced!))]).Booted.ShouldEndWith(" SecureBoot=0");
    }

    [SkippableFact]
    public void Ima_judges_each_image_as_the_set_says()
    {
        bench.Require();
        KernelSession session = bench.WithoutSecureBoot();
        session.Add("key", $"key .ima {session.Give(bench.Key("ima.der"))}");
        session.Add("policy", "policy appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig|modsig");
        KernelAnswers answers = Load("IMA", session, [.. bench.Set.Images.Where(i => i.Ima is not null).Select(i => (i, i.Ima!))]);
        answers.Errno["key"].ShouldBe(0);
        answers.Errno["policy"].ShouldBe(0);
    }

    [SkippableFact]
    public void Verify_says_what_the_consumers_do()
    {
        bench.Require();
        var outcomes = new List<Outcome>();
        foreach (TestsetImage image in bench.Set.Images)
        {
            if (image.Xattr is { } value)
                File.Copy(bench.InSet(value), bench.InSet(image.File + ".sig"), overwrite: true);
            Compare(image, Consumer.Firmware, image.Firmware);
            Compare(image, Consumer.Kexec, image.Kexec);
            Compare(image, Consumer.Ima, image.Ima);
            Compare(image, Consumer.Bpf, image.Bpf);
        }
        bench.Report.Require(outcomes);

        void Compare(TestsetImage image, Consumer consumer, ExpectedVerdict? expected)
        {
            if (expected is null)
                return;
            Verdict verdict = Verify(image.File, consumer);
            string wanted = $"{expected}";
            string seen = verdict.Answer == Answer.Accepts ? "accepts" : "refuses";
            // IMA has one errno for everything; and what is no PE file is refused before a consumer is asked.
            if (expected.Errno is { } errno && verdict.Answer == Answer.Refuses)
                seen = consumer == Consumer.Ima || verdict.Code is "KS1018" || verdict.Reason.StartsWith(errno, StringComparison.Ordinal) || verdict.Reason.Contains($": {errno} ", StringComparison.Ordinal) ? errno : verdict.Reason;
            outcomes.Add(new(bench.Judge($"verify --for {consumer.ToString().ToLowerInvariant()}"), image.File, wanted, seen, 0, verdict.Reason));
        }
    }

    private Verdict Verify(string file, Consumer consumer)
    {
        ImmutableArray<string> trusted = consumer == Consumer.Ima ? ["ima.der"] : ["db.der", "expired.der", "revoked.der", "rsa3072.der", "rsa4096.der"];
        var options = new VerifyOptions
        {
            File = bench.InSet(file),
            Certificates = [.. trusted.Select(bench.Key)],
            Consumers = [consumer],
            Dbx = consumer == Consumer.Ima ? null : bench.Key("dbx.esl"),
        };
        try
        {
            return LabBench.Run(OperationCatalog.Verify, options).Verdicts.Single();
        }
        catch (KexecSign.Formats.Errors.KexecSignException refused)
        {
            return new(consumer, Answer.Refuses, refused.Message, refused.Code.Id);
        }
    }

    private KernelAnswers Load(string group, KernelSession session, ImmutableArray<(TestsetImage Image, ExpectedVerdict Expected)> images)
    {
        foreach (((TestsetImage image, _), int i) in images.Select((image, i) => (image, i)))
        {
            string file = session.Give(bench.InSet(image.File));
            if (image.Xattr is { } value && group == "IMA")
                session.Add($"xattr{i}", $"xattr {file} security.ima {session.Give(bench.InSet(value))}");
            session.Add($"load{i}", $"kexec {file}");
        }
        KernelAnswers answers = session.Run();
        bench.Report.Require([.. images.Select((pair, i) => new Outcome(
            bench.Judge(group), pair.Image.File, $"{pair.Expected}", Seen(answers, $"load{i}"), i == 0 ? answers.Seconds : 0, answers.Console))]);
        return answers;
    }

    internal static string Seen(KernelAnswers answers, string step) => answers.Errno.TryGetValue(step, out int number) ? Errno.Name(number) : "nothing";
}
