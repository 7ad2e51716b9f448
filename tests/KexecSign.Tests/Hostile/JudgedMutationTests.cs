using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Inspection;
using KexecSign.Verification;

namespace KexecSign.Tests.Hostile;

/// <summary>
/// Signed files with damage, judged by sbverify and here. What we accept, sbverify accepts and pesign hashes as we do; what we
/// refuse and sbverify accepts must be one of the named cases.
/// </summary>
public sealed class JudgedMutationTests : IDisposable
{
    // sbverify 0.9.4 reads less strictly; each of these is a difference that we want.
    private static readonly Dictionary<string, string> Explained = new()
    {
        ["KS1002"] = "DOS magic: sbverify looks for PE only where e_lfanew points",
        ["KS1004"] = "SizeOfOptionalHeader: the kernel ignores it, firmware follows it, so two section tables are possible",
        ["KS1005"] = "SizeOfHeaders below the section table",
        ["KS1007"] = "alignments that are no powers of two: loaders divide by them",
        ["KS1011"] = "gap behind the headers: signed by no one",
        ["KS1012"] = "gap between sections: signed by no one",
        ["KS1013"] = "section table out of order",
        ["KS1014"] = "overlapping sections: hashed twice",
        ["KS1015"] = "raw size that is no multiple of FileAlignment",
        ["KS1016"] = "section that ends behind the file",
        ["KS1017"] = "bytes behind the last section",
        ["KS1018"] = "certificate table that is not the end of the file",
        ["KS1501"] = "entry longer than the table: sbverify reads the first only",
        ["KS1502"] = "revision or type that firmware and kernel refuse",
        ["KS1503"] = "bytes hidden in the table's padding (CVE-2013-3900)",
        ["KS1504"] = "PKCS#7 that is not the length its header says",
        ["KS1506"] = "content type or encoding that the kernel refuses",
        ["KS4103"] = "attributes that OpenSSL encodes anew before it checks the signature",
        ["KS4104"] = "signer's certificate changed in parts that its self-signature covers: OpenSSL does not check it for a trusted one",
        ["KS4107"] = "subsystem that firmware does not start",
    };

    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData(0, 0x180, 220, 41)]
    [InlineData(0x180, 0x3600, 40, 42)]
    [InlineData(-1600, 0, 600, 43)]
    public void Small_images(int from, int to, int count, int seed) =>
        Judge(File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048)), from, to, count, seed);

    [SkippableTheory]
    [InlineData(0, 0x400, 40, 51)]
    [InlineData(-1600, 0, 20, 52)]
    public void A_Debian_kernel(int from, int to, int count, int seed) =>
        Judge(File.ReadAllBytes(_bench.Sign(DebianKernels.Cloud().Path, TestSigners.Rsa2048).Signed[0].File), from, to, count, seed);

    /// <summary>Found by these mutations: the list of digests is covered by no signature, and only some verifiers look at it.</summary>
    [SkippableFact]
    public void A_list_of_digests_without_the_signers_is_refused_where_OpenSSL_verifies()
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        byte[] bytes = File.ReadAllBytes(signed);
        bytes.AsSpan(TestImage.Arm64().Bytes.Length).IndexOf((ReadOnlySpan<byte>)[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]).ShouldBe(40);
        bytes[TestImage.Arm64().Bytes.Length + 40 + 8] = 2;
        string changed = _bench.Folder.File("changed", bytes);
        Refusal(changed, TestSigners.Rsa2048.CertificateFile(_bench.Folder)).ShouldBe("KS4114");
        Tool.Ask("sbverify", "--cert", TestSigners.Rsa2048.CertificateFile(_bench.Folder), changed).Exit.ShouldNotBe(0);
        Bench.KernelAccepts(changed, TestSigners.Rsa2048).ShouldBeTrue();
    }

    public void Dispose() => _bench.Dispose();

    private void Judge(byte[] sound, int from, int to, int count, int seed)
    {
        Tool.Require("sbverify", "pesign");
        string certificate = TestSigners.Rsa2048.CertificateFile(_bench.Folder);
        int accepted = 0, refused = 0;
        from = from < 0 ? sound.Length + from : from;
        foreach (byte[] mutation in Mutations.Of(sound, from, to <= 0 ? sound.Length : to, count, seed).Prepend(sound))
        {
            string file = _bench.Folder.File("mutation", mutation);
            string? code = Refusal(file, certificate);
            bool theirs = Tool.Ask("timeout", "10", "sbverify", "--cert", certificate, file).Exit == 0;
            string where = $"seed {seed}, mutation {accepted + refused}: {code ?? "accepted"} here";
            if (code is null)
            {
                accepted++;
                theirs.ShouldBeTrue($"{where}, refused by sbverify");
                (PeImage image, Layout layout) = Bench.Read(file);
                ToolDigests.Pesign(file).ShouldBe(ReadDigests.Of(image, layout, _bench.Context, []).Hex(System.Security.Cryptography.HashAlgorithmName.SHA256), where);
                continue;
            }
            refused++;
            if (theirs)
                Explained.Keys.ShouldContain(code, $"{where}, accepted by sbverify");
        }
        accepted.ShouldBeGreaterThan(0);
        refused.ShouldBeGreaterThan(count / 4);
    }

    private string? Refusal(string file, string certificate)
    {
        try
        {
            return VerifyOperation.Definition.Run(new() { File = file, Consumers = [Consumer.Firmware], Certificates = [certificate] }, _bench.Context).Verdicts[0].Code;
        }
        catch (KexecSignException refused)
        {
            return refused.Code.Id;
        }
    }
}
