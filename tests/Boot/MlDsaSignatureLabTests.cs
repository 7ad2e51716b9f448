using System.Collections.Immutable;
using KexecSign.Boot.Tests.Lab;

namespace KexecSign.Boot.Tests;

/// <summary>Modules and images for kexec that the program signs with ML-DSA, before Linux 7.3; <c>verify</c> must say the same.</summary>
[Collection(nameof(NextLabBench))]
public sealed class MlDsaSignatureLabTests(NextLabBench bench)
{
    // Behind the ELF header and in front of what the loader looks at before the signature; and in the code of the Image.
    private const int InModule = 0x30, InImage = 0x100000;

    [SkippableFact]
    public void Modules_load_when_ML_DSA_signed_them_and_not_otherwise()
    {
        bench.Require();
        using var keys = new Keys(bench);
        string built = LabKernel.Module(bench.Series), name = Path.GetFileNameWithoutExtension(built);
        ImmutableArray<Signed> modules = keys.Sign(built, ".ko", InModule, "EKEYREJECTED", "module", "sign");

        Require("modules", keys, modules, bench.WithoutSecureBoot("module.sig_enforce=1"), (session, i) => $"module {session.Give(modules[i].File, $"{name}.{i}.ko")}");
        Require("module verify", modules, m => keys.IsVerified("--cert", "module", "verify", m.File));
    }

    [SkippableFact]
    public void Kexec_takes_images_that_ML_DSA_signed_and_no_others()
    {
        bench.Require();
        using var keys = new Keys(bench);
        ImmutableArray<Signed> images = keys.Sign(bench.Kernel, ".Image", InImage, "ENOKEY", "sign");

        Require("kexec", keys, images, bench.UnderSecureBoot(), (session, i) => $"kexec {session.Give(images[i].File)}");
        Require("verify --for kexec", images, m => keys.IsVerified("--kexec-cert", "verify", m.File, "--for", "kexec", "--kernel", bench.Series));
    }

    private void Require(string who, Keys keys, ImmutableArray<Signed> files, KernelSession session, Func<KernelSession, int, string> step)
    {
        foreach (LabKey key in keys.Trusted)
            session.Add(Path.GetFileName(key.DerFile), $"key .secondary_trusted_keys {session.Give(key.DerFile)}");
        for (int i = 0; i < files.Length; i++)
            session.Add($"load{i}", step(session, i));
        KernelAnswers answers = session.Run();
        bench.Report.Require([.. files.Select((f, i) => new Outcome(
            bench.Judge(who), f.Name, f.Expected, TestsetLabTests.Seen(answers, $"load{i}"), i == 0 ? answers.Seconds : 0, answers.Console))]);
    }

    private void Require(string who, ImmutableArray<Signed> files, Func<Signed, bool> isVerified) => bench.Report.Require([.. files.Select(f => new Outcome(
        bench.Judge(who), f.Name, f.Expected == "accepts" ? "accepts" : "refuses", isVerified(f) ? "accepts" : "refuses", 0, ""))]);

    /// <summary>A signed file, and what the kernel is to say of it.</summary>
    private sealed record Signed(string Name, string File, string Expected);

    /// <summary>A key of each kind, and one that the kernel does not have.</summary>
    private sealed class Keys : IDisposable
    {
        private readonly NewerProgram _program = new();
        private readonly string _work;
        private readonly LabKey _other;

        public Keys(LabBench bench)
        {
            _work = bench.Work();
            Trusted = [.. ((int[])[44, 65, 87]).Select(set => LabKey.MlDsa(_work, $"ML-DSA-{set}", set, _program.OpenSsl, certified: true))];
            _other = LabKey.MlDsa(_work, "a key that nobody trusts", 65, _program.OpenSsl);
        }

        public ImmutableArray<LabKey> Trusted { get; }

        public void Dispose() => _program.Dispose();

        /// <summary>A file signed by each, by the unknown one, and one that was changed afterwards.</summary>
        public ImmutableArray<Signed> Sign(string file, string ending, int change, string unknown, params string[] command)
        {
            Signed changed = new("ML-DSA-65, one bit changed after signing", Signed(Trusted[1], "changed"), "EKEYREJECTED");
            byte[] bytes = File.ReadAllBytes(changed.File);
            bytes[change] ^= 1;
            File.WriteAllBytes(changed.File, bytes);
            return [.. Trusted.Select(k => new Signed(NameOf(k), Signed(k, NameOf(k)), "accepts")), changed, new(NameOf(_other), Signed(_other, "other"), unknown)];

            string Signed(LabKey key, string name)
            {
                string to = Path.Combine(_work, name + ending);
                _program.Succeed([.. command, file, "--key", key.KeyFile, "--cert", key.CertificateFile, "-o", to]);
                return to;
            }
        }

        /// <summary>What the program says of a file where the kernel's keys are trusted.</summary>
        public bool IsVerified(string option, params string[] command) =>
            _program.Run([.. command, .. Trusted.SelectMany(k => (string[])[option, k.CertificateFile])]).Exit switch
            {
                0 => true,
                4 => false,
                var other => throw new InvalidOperationException($"{string.Join(' ', command)} ended with {other}"),
            };

        private static string NameOf(LabKey key) => Path.GetFileNameWithoutExtension(key.KeyFile);
    }
}
