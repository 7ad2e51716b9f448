using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Catalog;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Sign;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Signing;

namespace KexecSign.Boot.Tests;

/// <summary>Forms of signatures, and ways to trust them, that the test set leaves out.</summary>
[Collection(nameof(LabBench))]
public class SignatureLabTests(LabBench bench)
{
    [SkippableFact]
    public void Firmware_and_kernel_differ_about_P_256_and_agree_about_an_issuer_in_db()
    {
        bench.Require();
        string work = bench.Work();
        LabKey ecdsa = LabKey.Ecdsa(work, "ecdsa"), certified = LabKey.Rsa(work, "certified", certified: true);
        X509Certificate2[] more = [ecdsa.Certificate, X509CertificateLoader.LoadCertificateFromFile(LabKernel.Authority)];
        (string Name, string File, string Firmware, string Kexec)[] images =
        [
            ("P-256", Signed(ecdsa), "refuses", "accepts"),
            ("signer's issuer in db", Signed(certified), "accepts", "accepts"),
        ];

        ImmutableArray<FirmwareAnswer> firmware = new FirmwareSession(bench.Work(), bench.Init, bench.SecureBoot(more)).Judge([.. images.Select(i => i.File)]);
        bench.Report.Require([.. images.Zip(firmware, (i, a) => new Outcome(bench.Judge("firmware"), i.Name, i.Firmware, a.Accepted ? "accepts" : "refuses", a.Seconds, a.Console))]);

        KernelSession session = bench.UnderSecureBoot(more);
        for (int i = 0; i < images.Length; i++)
            session.Add($"load{i}", $"kexec {session.Give(images[i].File)}");
        KernelAnswers answers = session.Run();
        bench.Report.Require([.. images.Select((image, i) => new Outcome(bench.Judge("kexec"), image.Name, image.Kexec, TestsetLabTests.Seen(answers, $"load{i}"), i == 0 ? answers.Seconds : 0, answers.Console))]);

        string Signed(LabKey key)
        {
            string file = Path.ChangeExtension(key.KeyFile, ".Image");
            LabBench.Run(OperationCatalog.Sign, new SignOptions { Files = [bench.Kernel], Signing = key.Signing(), Output = file });
            return file;
        }
    }

    [SkippableFact]
    public void Digests_in_db_and_dbx_count_without_and_against_signatures()
    {
        bench.Require();
        string unsigned = bench.InSet("images/raw/unsigned.Image"), other = bench.InSet("images/zboot/unsigned.efi"), signed = bench.InSet("images/raw/signed.Image");
        ImmutableArray<UefiVariable> keys = Firmware.Keys(
            File.ReadAllBytes(bench.Key("pk.der")),
            [.. File.ReadAllBytes(bench.Key("db.esl")), .. SignatureList.OfSha256([Digest(unsigned)], Guid.Empty).Encode()],
            SignatureList.OfSha256([Digest(signed)], Guid.Empty).Encode());
        (string Name, string File, string Expected)[] images =
        [
            ("unsigned, digest in db", unsigned, "accepts"),
            ("unsigned, another's digest in db", other, "refuses"),
            ("signed, digest in dbx", signed, "refuses"),
            ("signed, another's digest in dbx", bench.InSet("images/raw/signed-short.Image"), "accepts"),
        ];

        ImmutableArray<FirmwareAnswer> answers = new FirmwareSession(bench.Work(), bench.Init, keys).Judge([.. images.Select(i => i.File)]);

        bench.Report.Require([.. images.Zip(answers, (i, a) => new Outcome(bench.Judge("firmware"), i.Name, i.Expected, a.Accepted ? "accepts" : "refuses", a.Seconds, a.Console))]);
    }

    [SkippableFact]
    public void Ima_takes_what_ima_sign_makes_with_each_kind_of_key_and_with_keys_of_the_platform()
    {
        bench.Require();
        string work = bench.Work(), store = Path.Combine(work, "vars.fd");
        LabKey rsa = LabKey.Rsa(work, "rsa4096", 4096, certified: true), ecdsa = LabKey.Ecdsa(work, "p256", certified: true);
        (string Name, LabKey? Key, string? Digest, string Expected)[] files =
        [
            ("RSA-4096, SHA-256", rsa, "sha256", "accepts"), ("RSA-4096, SHA-384", rsa, "sha384", "accepts"), ("RSA-4096, SHA-512", rsa, "sha512", "accepts"),
            ("P-256, SHA-256", ecdsa, null, "accepts"),
            // Keys of db, which the kernel asks for kernels when .ima does not know a key.
            ("key in db", null, null, "accepts"),
        ];
        // db without PK: the kernel reads it, but Secure Boot is off.
        Firmware.Arm64.Write(bench.SecureBoot().Where(v => v.Name == "db"), [], store);
        var session = new KernelSession(work, bench.Init) { Kernel = bench.Kernel, Store = store };
        foreach (LabKey key in (LabKey[])[rsa, ecdsa])
            session.Add(Path.GetFileName(key.DerFile), $"key .ima {session.Give(key.DerFile)}");
        session.Add("policy", "policy appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig");
        for (int i = 0; i < files.Length; i++)
        {
            string copy = Path.Combine(work, $"{i}.Image");
            File.Copy(bench.Kernel, copy);
            SigningOptions signing = files[i].Key?.Signing(files[i].Digest) ?? new() { Key = bench.Key("db.key"), Certificate = bench.Key("db.pem") };
            LabBench.Run(OperationCatalog.ImaSign, new ImaSignOptions { Files = [copy], Signing = signing, Sidecar = true });
            string file = session.Give(copy);
            session.Add($"xattr{i}", $"xattr {file} security.ima {session.Give(copy + ".sig")}");
            session.Add($"load{i}", $"kexec {file}");
        }
        KernelAnswers answers = session.Run();
        answers.Booted.ShouldEndWith(" SecureBoot=0");
        bench.Report.Require([.. files.Select((f, i) => new Outcome(bench.Judge("IMA"), f.Name, f.Expected, TestsetLabTests.Seen(answers, $"load{i}"), i == 0 ? answers.Seconds : 0, answers.Console))]);
    }

    private static byte[] Digest(string file)
    {
        Layout image = Layout.Of(File.ReadAllBytes(file));
        return AuthenticodeDigest.Compute(image, AuthenticodeDigest.SectionRanges(PeReader.Read(image)), HashAlgorithmName.SHA256);
    }
}
