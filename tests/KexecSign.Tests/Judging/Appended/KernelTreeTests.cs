using System.Text.RegularExpressions;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Verify;
using KexecSign.Fixtures;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Pe;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Tests.Judging.Appended;

/// <summary>What 'verify --for kexec' says for s390, powerpc, riscv and loongarch, against the kernel's own code.</summary>
public sealed class KernelTreeTests(KernelTree tree) : IClassFixture<KernelTree>, IDisposable
{
    private const int ENOENT = 2, ENOPKG = 65, EBADMSG = 74, ENOKEY = 126, EKEYREJECTED = 129;

    // Which error the kernel has for what is told by a code here.
    private static readonly Dictionary<string, int[]> OnS390 = new()
    {
        ["KS4132"] = [EKEYREJECTED],
        ["KS1421"] = [EKEYREJECTED, EBADMSG],
        ["KS1422"] = [EKEYREJECTED],
        ["KS1423"] = [EBADMSG],
        ["KS4142"] = [ENOKEY],
        ["KS4143"] = [EKEYREJECTED],
    };

    private static readonly Dictionary<string, int[]> OnPowerPC = new()
    {
        ["KS4132"] = [ENOENT],
        ["KS1421"] = [ENOPKG, EBADMSG],
        ["KS1422"] = [ENOENT, EBADMSG],
        ["KS1423"] = [EBADMSG],
        ["KS4142"] = [ENOKEY],
        // modsig_verify() asks the second keyring whatever the first says, and gives its answer.
        ["KS4143"] = [EKEYREJECTED, ENOKEY],
    };

    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData("s390x")]
    [InlineData("powerpc64")]
    public void Every_image_gets_the_kernels_answer(string architecture)
    {
        Tool.Require("gcc");
        Tool.Require("openssl");
        string harness = Compile();
        Dictionary<string, int[]> errors = architecture == "s390x" ? OnS390 : OnPowerPC;
        TestSigner[] trusted = [TestSigners.Rsa2048, TestSigners.P384];
        (string Name, byte[] Bytes)[] images = [.. Images()];
        string[] files = [.. images.Select((image, i) => _bench.Folder.File($"image-{i}", image.Bytes))];
        int[] answers = [.. Run(harness, architecture == "s390x" ? "s390" : "powerpc", files, trusted).Select(a => -a)];
        answers.Length.ShouldBe(images.Length);
        string[] certificates = [.. trusted.Select(t => t.CertificateFile(_bench.Folder))];
        for (int i = 0; i < images.Length; i++)
        {
            Verdict verdict = VerifyOperation.Definition.Run(
                new() { File = files[i], Consumers = [Consumer.Kexec], Architecture = architecture, Certificates = [.. certificates] }, _bench.Context).Verdicts.ShouldHaveSingleItem();
            string where = $"{images[i].Name}: the kernel answers {answers[i]}, here {verdict.Code ?? "accepted"}: {verdict.Reason}";
            (verdict.Answer == KexecSign.Judging.Answer.Accepts).ShouldBe(answers[i] == 0, where);
            if (verdict.Code is { } code)
                errors[code].ShouldContain(answers[i], where);
        }
        // Both ways were met, and each error of the kernel but none that the table does not name.
        answers.ShouldContain(0);
        answers.Where(a => a != 0).Distinct().Order().ShouldBe(errors.Values.SelectMany(e => e).Distinct().Order());
    }

    [SkippableFact]
    public void Powerpc_asks_an_appended_signature_only_when_no_other_is_there_or_its_key_is_unknown()
    {
        tree.Read("arch/powerpc/kernel/ima_arch.c").ShouldContain("appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig|modsig");
        Regex.Replace(tree.Function("security/integrity/ima/ima_appraise.c", "ima_appraise_measurement"), @"\s+", " ")
            .ShouldContain("if (try_modsig && (!xattr_value || xattr_value->type == IMA_XATTR_DIGEST_NG || rc == -ENOKEY)) rc = modsig_verify(");

        string file = _bench.Folder.File("kernel", Signed(new byte[4096], TestSigners.Rsa2048));
        Verdict Ask() => VerifyOperation.Definition.Run(
            new() { File = file, Consumers = [Consumer.Kexec], Architecture = "powerpc64", Applied = true, Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] }, _bench.Context).Verdicts[0];
        Ask().Reason.ShouldContain("appended signature holds");
        ImaSignOperation.Definition.Run(new() { Files = [file], Sidecar = true, Signing = _bench.Identity(TestSigners.Other) }, _bench.Context);
        Ask().Reason.ShouldContain("appended signature holds");
        ImaSignOperation.Definition.Run(new() { Files = [file], Sidecar = true, Signing = _bench.Identity(TestSigners.Rsa2048) }, _bench.Context);
        Ask().Reason.ShouldContain("by IMA");
        byte[] sidecar = File.ReadAllBytes(file + ".sig");
        sidecar[^1] ^= 1;
        File.WriteAllBytes(file + ".sig", sidecar);
        Verdict wrong = Ask();
        (wrong.Answer, wrong.Code).ShouldBe((KexecSign.Judging.Answer.Refuses, "KS4113"));
    }

    [SkippableFact]
    public void Only_arm64_s390_and_x86_check_signatures_in_kexec_file_load()
    {
        Directory.GetFiles(Path.Combine(tree.Folder, "arch"), "Kconfig", SearchOption.AllDirectories)
            .Where(f => File.ReadAllText(f).Contains("config ARCH_SUPPORTS_KEXEC_SIG\n", StringComparison.Ordinal))
            .Select(f => Path.GetFileName(Path.GetDirectoryName(f)!)).Order().ShouldBe(["arm64", "s390", "x86"]);
        Regex.Replace(tree.Read("kernel/Kconfig.kexec"), @"\s+", " ").ShouldContain("config KEXEC_SIG bool \"Verify kernel signature during kexec_file_load() syscall\" depends on ARCH_SUPPORTS_KEXEC_SIG");
    }

    [SkippableFact]
    public void Riscv_6_12_loads_ELF_kernels_and_checks_none()
    {
        string sources = tree.KexecSources("riscv");
        sources.ShouldContain("kexec_file_loaders[]");
        sources.ShouldContain("elf_kexec_ops");
        sources.ShouldNotContain("verify_sig");
        sources.ShouldNotContain("image_kexec_ops");
        tree.Read("arch/riscv/Kconfig").ShouldContain("config ARCH_SUPPORTS_KEXEC_FILE\n");
        Verdict verdict = ForMachine(PeConstants.MachineRiscV64);
        verdict.Answer.ShouldBe(KexecSign.Judging.Answer.Refuses);
        verdict.Reason.ShouldContain("ENOEXEC");
        verdict.Reason.ShouldContain("since 6.16 an Image is loaded, too, and no signature of either is checked");
    }

    [SkippableFact]
    public void Loongarch_6_12_has_no_kexec_file_load()
    {
        tree.KexecSources("loongarch").ShouldNotContain("kexec_file_loaders");
        tree.Read("arch/loongarch/Kconfig").ShouldNotContain("ARCH_SUPPORTS_KEXEC_FILE");
        tree.Read("arch/loongarch/Kconfig").ShouldContain("ARCH_SUPPORTS_KEXEC\n");
        Verdict verdict = ForMachine(PeConstants.MachineLoongArch64);
        verdict.Answer.ShouldBe(KexecSign.Judging.Answer.DoesNotCheck);
        verdict.Reason.ShouldContain("has kexec_file_load since 6.18, without a check of signatures");
    }

    public void Dispose() => _bench.Dispose();

    private Verdict ForMachine(ushort machine)
    {
        TestImage image = TestImage.Arm64();
        image.U16(image.Pe + 4, machine);
        return VerifyOperation.Definition.Run(new() { File = _bench.Folder.File("image", image.Bytes), Consumers = [Consumer.Kexec] }, _bench.Context).Verdicts[0];
    }

    private string Compile()
    {
        string folder = _bench.Folder.At("harness");
        Directory.CreateDirectory(Path.Combine(folder, "linux"));
        Directory.CreateDirectory(Path.Combine(folder, "asm"));
        void Put(string name, string text) => File.WriteAllText(Path.Combine(folder, name), text);
        Put("linux/types.h", "#include <stdint.h>\n#include <stddef.h>\ntypedef uint8_t u8;\ntypedef uint32_t __be32;\n");
        Put("linux/errno.h", "#include <asm-generic/errno.h>\n");
        Put("linux/printk.h", "#define pr_err(...) do { } while (0)\n");
        Put("asm/byteorder.h", "#define be32_to_cpu(value) __builtin_bswap32(value)\n");
        Put("linux/module_signature.h", tree.Read("include/linux/module_signature.h"));
        Put("module_signature.c", tree.Read("kernel/module_signature.c"));
        Put("s390_verify_sig.inc", tree.Function("arch/s390/kernel/machine_kexec_file.c", "s390_verify_sig"));
        Put("ima_read_modsig.inc", tree.Function("security/integrity/ima/ima_modsig.c", "ima_read_modsig"));
        string program = Path.Combine(folder, "harness");
        Tool.Run("gcc", "-O1", "-w", "-I", folder, "-o", program, Path.Combine(AppContext.BaseDirectory, "kernel/harness.c"));
        return program;
    }

    private IEnumerable<int> Run(string harness, string architecture, string[] files, TestSigner[] trusted)
    {
        ProcessAnswer answer = new ProcessRun(harness, [architecture, _bench.Folder.Path, .. files])
        {
            // Two keyrings of one certificate each: the second is asked when the first does not know the key.
            Environment = new Dictionary<string, string>
            {
                ["SECONDARY"] = trusted[0].CertificateFile(_bench.Folder),
                ["PLATFORM"] = trusted[1].CertificateFile(_bench.Folder),
            },
        }.End();
        answer.Exit.ShouldBe(0, answer.Said);
        return answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse);
    }

    private IEnumerable<(string Name, byte[] Bytes)> Images()
    {
        byte[] content = new byte[3000];
        new Random(1).NextBytes(content);
        byte[] sound = Signed(content, TestSigners.Rsa2048);
        int trailer = 12 + 28, block = sound.Length - trailer, pkcs7 = sound.Length - trailer - content.Length;
        yield return ("sound", sound);
        yield return ("by the second keyring's key, ECDSA", Signed(content, TestSigners.P384));
        yield return ("by somebody else", Signed(content, TestSigners.Other));
        yield return ("unsigned", content);
        yield return ("signed twice", Signed(sound, TestSigners.Rsa2048));
        yield return ("nothing in front of the signature", sound[content.Length..]);
        yield return ("a byte less in front", sound[1..]);
        yield return ("shorter than the marker", content[..20]);
        yield return ("no content, no PKCS#7", [1, .. sound[block..]]);
        yield return ("bytes behind the marker", [.. sound, 0]);
        foreach (int at in (int[])[0, content.Length / 2, content.Length - 1])
            yield return ($"content changed at {at}", With(sound, at, (byte)(sound[at] ^ 1)));
        yield return ("content changed, second keyring", With(Signed(content, TestSigners.P384), 5, (byte)(content[5] ^ 1)));
        foreach (int at in (int[])[sound.Length - trailer - 1, sound.Length - trailer - 200])
            yield return ($"signature value changed at {at}", With(sound, at, (byte)(sound[at] ^ 1)));
        yield return ("PKCS#7 of zeros", [.. content, .. new byte[pkcs7], .. sound[block..]]);
        yield return ("PKCS#7 cut at its end", [.. sound[..(block - 1)], .. sound[block..]]);
        foreach (uint length in (uint[])[0, 1, (uint)pkcs7 - 1, (uint)pkcs7 + 1, (uint)block - 1, (uint)block, (uint)block + 1, 0x7FFFFFFF, 0xFFFFFFFF])
        {
            byte[] lies = [.. sound];
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(lies.AsSpan(block + 8), length);
            yield return ($"sig_len {length}", lies);
        }
        // Every byte of the block but sig_len, and of the marker.
        for (int at = block; at < sound.Length; at++)
        {
            if (at >= block + 8 && at < block + 12)
                continue;
            foreach (byte value in (byte[])[0, 1, 2, 0xFF])
            {
                if (sound[at] != value)
                    yield return ($"byte {at - block} of the trailer is {value}", With(sound, at, value));
            }
        }
    }

    private byte[] Signed(byte[] content, TestSigner signer)
    {
        // Whoever signs anew signs what is there, an earlier signature included.
        var identity = SigningIdentity.Open("module sign", _bench.Identity(signer), _bench.Context);
        byte[] digest = System.Security.Cryptography.CryptographicOperations.HashData(identity.Hash, content);
        byte[] signature = identity.Key.SignHash(digest, identity.Hash, default);
        return [.. content, .. AppendedSignature.Encode(DetachedSignedData.Encode(new(SignerName.ByIssuer(signer.Certificate), identity.Hash, signature), identity.Scheme))];
    }

    private static byte[] With(byte[] bytes, int at, byte value)
    {
        byte[] changed = [.. bytes];
        changed[at] = value;
        return changed;
    }
}
