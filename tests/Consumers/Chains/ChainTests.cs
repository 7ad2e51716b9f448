using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Consumers.Tests.Judges;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;
using KexecSign.Judging.Chains;
using KexecSign.Judging.Firmwares;
using Xunit.Abstractions;

namespace KexecSign.Consumers.Tests.Chains;

/// <summary>
/// Random signatures, their certificates right or wrong in many ways at once, judged by OpenSSL as EDK2 calls it, by shim's own code and
/// OpenSSL, and here. KEXECSIGN_CHAINS sets how many; 10,000 take about four minutes.
/// </summary>
public sealed class ChainTests(ITestOutputHelper output) : IDisposable
{
    private const int Batch = 500;

    private static readonly int Count = int.Parse(Environment.GetEnvironmentVariable("KEXECSIGN_CHAINS") ?? "1500", CultureInfo.InvariantCulture);
    private static readonly Layout Body = Layout.Of(TestImage.Arm64().Bytes);
    private static readonly PeImage Headers = PeReader.Read(Body);
    private static readonly byte[] Digest = AuthenticodeDigest.Compute(Body, AuthenticodeDigest.SectionRanges(Headers), HashAlgorithmName.SHA256);

    private readonly Edk2Judge _edk2 = new();

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Firmware_trusts_by_the_rules_of_OpenSSL_as_EDK2_calls_it(bool newest)
    {
        OpenSsl35? openssl = newest ? OpenSsl35.Require() : null;
        var tally = new Tally();
        foreach (RandomChain[] chains in Chains())
        {
            List<JudgeAnswer> answers = _edk2.Ask([.. chains.Select(c => new SignatureQuestion(c.Pkcs7, c.Trusted, Digest))], openssl);
            for (int i = 0; i < chains.Length; i++)
                tally.Add(chains[i], Ours(chains[i], ChainRules.Of(FirmwareModel.Default)), answers[i].Accepts, answers[i].Says);
        }
        tally.Require(output);
    }

    [SkippableFact]
    public void Older_firmware_trusts_by_the_rules_of_OpenSSL_1_1()
    {
        // No tool that must be there: mirrors give up Debian 11 one day, and it is fetched for amd64 alone.
        Skip.IfNot(Edk2Judge.HasOlder, "no OpenSSL 1.1.1 of Debian 11 in the cache");
        var tally = new Tally();
        foreach (RandomChain[] chains in Chains())
        {
            List<JudgeAnswer> answers = _edk2.AskOlder([.. chains.Select(c => new SignatureQuestion(c.Pkcs7, c.Trusted, Digest))]);
            for (int i = 0; i < chains.Length; i++)
                tally.Add(chains[i], Ours(chains[i], ChainRules.Of(FirmwareModel.Edk2202211)), answers[i].Accepts, answers[i].Says);
        }
        tally.Require(output);
    }

    [SkippableFact]
    public void Shim_trusts_by_the_rules_of_its_own_OpenSSL()
    {
        var tally = new Tally();
        foreach (RandomChain[] chains in Chains())
        {
            using var folder = new TempFolder();
            List<ShimAnswer> answers = ShimJudge.Ask([.. chains.Select((c, i) => Question(c, i, folder))]);
            for (int i = 0; i < chains.Length; i++)
                tally.Add(chains[i], Ours(chains[i], ChainRules.Shim), answers[i].Accepts, answers[i].Says);
        }
        tally.Require(output);
    }

    public void Dispose() => _edk2.Dispose();

    private static IEnumerable<RandomChain[]> Chains()
    {
        for (int from = 0; from < Count; from += Batch)
            yield return [.. Enumerable.Range(from, Math.Min(Batch, Count - from)).Select(seed => RandomChain.Of(seed, Digest))];
    }

    private static ShimQuestion Question(RandomChain chain, int number, TempFolder folder)
    {
        byte[] table = CertificateTable.Encode([CertificateEntry.Encode(chain.Pkcs7, CertificateEntry.SizeFor(chain.Pkcs7.Length))]);
        Layout signed = CertificateTable.Attach(Headers, Body, table);
        return new(folder.File($"{number}.efi", signed.ReadBytes(0, signed.Length)))
        {
            MokList = folder.File($"{number}.esl", new SignatureList(EfiGuids.CertX509, [new(Guid.Empty, chain.Trusted)]).Encode()),
        };
    }

    private static string? Ours(RandomChain chain, ChainRules rules)
    {
        X509Certificate2 anchor = X509CertificateLoader.LoadCertificate(chain.Trusted);
        // verify_eku() stands in front of the chain.
        return rules.IsShim && !ShimCheck.IsTaken(anchor) ? "passed over" : new SignatureChains(chain.Pkcs7, AuthenticodeSignature.Decode(chain.Pkcs7)).Refusal(anchor, rules);
    }

    private sealed class Tally
    {
        private readonly List<string> _differences = [];
        private readonly Dictionary<string, int> _said = [];
        private int _count;

        public void Add(RandomChain chain, string? ours, bool accepts, string says)
        {
            _count++;
            string kind = accepts ? "accepted" : ours ?? says;
            _said[kind] = _said.GetValueOrDefault(kind) + 1;
            if (ours is null != accepts)
                _differences.Add($"{(accepts ? "accepted there" : $"refused there ({says})")}, here {ours ?? "accepted"}: {chain.What}");
        }

        public void Require(ITestOutputHelper output)
        {
            output.WriteLine($"{_count} chains, {_differences.Count} differences: {string.Join(", ", _said.OrderByDescending(s => s.Value).Select(s => $"{s.Value} {s.Key}"))}");
            _differences.ShouldBeEmpty();
            // All that the generator is for was met.
            _said.GetValueOrDefault("accepted").ShouldBeGreaterThan(_count / 10);
            foreach (string rule in (ReadOnlySpan<string>)["invalid CA certificate", "unhandled critical extension", "path length constraint exceeded", "certificate signature failure"])
                _said.ShouldContainKey(rule);
        }
    }
}
