using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Consumers.Tests.Judges;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging.Chains;
using KexecSign.Judging.Firmwares;

namespace KexecSign.Consumers.Tests.Shim;

/// <summary>
/// Images that distributions signed: all eighteen kinds of Debian's (shim, its helpers, grub, fwupd, kernels), and Red Hat's grub with pesign's stray byte. Each certificate that travels
/// with a signature is trusted in turn.
/// </summary>
public sealed class KnownGoodTests : IDisposable
{
    private static readonly string[] Kernels = ["signed kernel arm64", "signed kernel amd64"];

    private readonly ShimBench _bench = new();
    private readonly Edk2Judge _edk2 = new();

    [SkippableFact]
    public void Debians_images_are_judged_as_shim_and_EDK2_judge_them() => Compare([.. DebianFiles.Signed(), .. Kernels.Select(DebianFiles.Named)]);

    [SkippableFact]
    public void Grubs_that_pesign_signed_are_judged_as_shim_and_EDK2_judge_them()
    {
        string[] samples = ShimJudge.Samples();
        samples.Length.ShouldBeGreaterThan(2);
        samples.Count(s => Entries(File.ReadAllBytes(s)).Any(e => e.Surplus() is not null)).ShouldBeGreaterThan(0, "one has the stray byte");
        Compare(samples);
    }

    public void Dispose()
    {
        _bench.Dispose();
        _edk2.Dispose();
    }

    private void Compare(string[] files)
    {
        foreach (string file in files)
        {
            byte[] image = File.ReadAllBytes(file);
            ushort machine = PeReader.Read(Layout.Of(image)).Machine;
            X509Certificate2[] certificates = [.. Entries(image).SelectMany(e => AuthenticodeSignature.Decode(e.Der()).Certificates)];
            certificates.ShouldNotBeEmpty(file);
            (int accepted, _) = _bench.CompareAll(
                [.. certificates.Select(c => new BenchQuestion(image) { Db = SignatureList.Of(c, Guid.Empty).Encode(), Machine = machine, What = $"{Path.GetFileName(file)}, {c.Subject}" })],
                accepted: 1, refused: 0);
            accepted.ShouldBeGreaterThan(0);
            CompareWithEdk2(file, image, certificates);
        }
    }

    private void CompareWithEdk2(string file, byte[] image, X509Certificate2[] certificates)
    {
        foreach (CertificateEntry entry in Entries(image))
        {
            AuthenticodeSignature signature = AuthenticodeSignature.Decode(entry.Der());
            var chains = new SignatureChains(entry.Der(), signature);
            // What firmware is handed ends with dwLength, the stray byte included.
            List<JudgeAnswer> answers = _edk2.Ask([.. certificates.Select(c => new SignatureQuestion(entry.Content.ToArray(), c.RawData, signature.IndirectData.Digest.ToArray()))]);
            answers.Count(a => a.Accepts).ShouldBeGreaterThan(0, file);
            for (int i = 0; i < certificates.Length; i++)
                (chains.Refusal(certificates[i], ChainRules.Of(FirmwareModel.Default)) is null).ShouldBe(answers[i].Accepts, $"{file}, {certificates[i].Subject}: {answers[i].Says}");
        }
    }

    private static ImmutableArray<CertificateEntry> Entries(byte[] image)
    {
        Layout file = Layout.Of(image);
        return CertificateTable.Read(PeReader.Read(file), file);
    }
}
