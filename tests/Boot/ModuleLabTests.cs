using System.Collections.Immutable;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Catalog;
using KexecSign.Commands.Modules;
using KexecSign.Core;

namespace KexecSign.Boot.Tests;

/// <summary>A kernel with module.sig_enforce=1 and modules that <c>module sign</c> signed.</summary>
[Collection(nameof(LabBench))]
public class ModuleLabTests(LabBench bench)
{
    [SkippableFact]
    public void Modules_load_when_module_sign_signed_them_and_not_otherwise()
    {
        bench.Require();
        string work = bench.Work();
        LabKey rsa = LabKey.Rsa(work, "modules", certified: true), large = LabKey.Rsa(work, "large", 4096, certified: true);
        LabKey ecdsa = LabKey.Ecdsa(work, "ecdsa", certified: true), other = LabKey.Rsa(work, "other");
        (string Name, string File, string Expected)[] modules =
        [
            ("unsigned", Module("unsigned", null), "EKEYREJECTED"),
            ("RSA-2048, SHA-256, by issuer", Module("rsa", rsa), "accepts"),
            ("RSA-2048, SHA-256, by key identifier", Module("skid", rsa, byKeyIdentifier: true), "accepts"),
            ("RSA-2048, SHA-384", Module("sha384", rsa, "sha384"), "accepts"),
            ("RSA-4096, SHA-512", Module("large", large, "sha512"), "accepts"),
            ("P-256, SHA-256", Module("ecdsa", ecdsa), "accepts"),
            ("unknown key", Module("other", other), "EKEYREJECTED"),
            ("one bit changed after signing", Changed(Module("changed", rsa)), "EKEYREJECTED"),
            ("one bit changed after signing, P-256", Changed(Module("changed-ecdsa", ecdsa)), "EKEYREJECTED"),
        ];

        KernelSession session = bench.WithoutSecureBoot("module.sig_enforce=1");
        foreach (LabKey key in (LabKey[])[rsa, large, ecdsa])
            session.Add(Path.GetFileName(key.DerFile), $"key .secondary_trusted_keys {session.Give(key.DerFile)}");
        for (int i = 0; i < modules.Length; i++)
            session.Add($"load{i}", $"module {session.Give(modules[i].File, $"{Path.GetFileNameWithoutExtension(LabKernel.Module(bench.Series))}.{i}.ko")}");
        KernelAnswers answers = session.Run();

        bench.Report.Require([.. modules.Select((m, i) => new Outcome(
            bench.Judge("modules"), m.Name, m.Expected, TestsetLabTests.Seen(answers, $"load{i}"), i == 0 ? answers.Seconds : 0, answers.Console))]);
        bench.Report.Require([.. modules.Select(m => new Outcome(bench.Judge("module verify"), m.Name, m.Expected, Verified(m.File) ? "accepts" : "EKEYREJECTED", 0, ""))]);

        string Module(string name, LabKey? key, string? digest = null, bool byKeyIdentifier = false)
        {
            string from = LabKernel.Module(bench.Series), to = Path.Combine(work, name + ".ko");
            if (key is null)
                File.Copy(from, to);
            else
                LabBench.Run(OperationCatalog.ModuleSign, new ModuleSignOptions { Files = [from], Output = to, Signing = key.Signing(digest), KeyIdentifier = byKeyIdentifier });
            return to;
        }

        bool Verified(string file)
        {
            ImmutableArray<string> trusted = [rsa.CertificateFile, large.CertificateFile, ecdsa.CertificateFile];
            return LabBench.Run(OperationCatalog.ModuleVerify, new ModuleVerifyOptions { Files = [file], Certificates = trusted }).Exit == ExitCode.Done;
        }
    }

    private static string Changed(string module)
    {
        byte[] bytes = File.ReadAllBytes(module);
        // Behind the ELF header and in front of everything that the loader looks at before the signature.
        bytes[0x30] ^= 1;
        File.WriteAllBytes(module, bytes);
        return module;
    }
}
