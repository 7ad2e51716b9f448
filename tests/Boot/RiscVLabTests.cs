using System.Buffers.Binary;
using System.Collections.Immutable;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Catalog;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Zboot;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Zboot;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Boot.Tests;

/// <summary>
/// riscv64: Debian's U-Boot starts zboot images by its EFI, and a tiny kernel is asked by kexec. Debian builds U-Boot without Secure Boot, so
/// signatures are in nobody's way there; what is damaged is up to the stub.
/// </summary>
[Collection(nameof(LabBench))]
public sealed class RiscVLabTests(LabBench bench)
{
    private const string Boots = "boots", Unpacks = "accepts", Refused = "refuses";

    [SkippableFact]
    public void U_Boot_starts_what_was_built_repacked_and_signed_and_stubs_refuse_what_is_damaged()
    {
        Require();
        string work = bench.Work();
        SigningOptions key = LabKey.Rsa(work, "db").Signing();
        (string gzip, string zstd) = (Signed(Built(ZbootCompression.Gzip, work, key), key), Signed(Built(ZbootCompression.Zstd, work, key), key));
        // What the stub says, and what "zboot extract" does with the same file; it also looks at what the stub does not need.
        (string Name, string File, string Expected, string Extract)[] images =
        [
            ("gzip, built and signed inside and outside", gzip, Boots, Unpacks),
            ("zstd, built and signed inside and outside", zstd, Boots, Unpacks),
            ("gzip, the kernel's own, repacked and signed", Signed(Repacked(ZbootCompression.Gzip, work, key), key), Boots, Unpacks),
            ("zstd, the kernel's own, repacked and signed", Signed(Repacked(ZbootCompression.Zstd, work, key), key), Boots, Unpacks),
            ("gzip, one bit of the outer signature changed", Changed(gzip, (bytes, _) => bytes[^100] ^= 1), Boots, Unpacks),
            // Type 3 of a block does not exist.
            ("gzip, first byte of the stream changed", Changed(gzip, (bytes, payload) => bytes[payload.Start.Value + 10] |= 6), "stub: uncompression error", Refused),
            ("zstd, one bit in the middle of the stream changed", Changed(zstd, (bytes, payload) => bytes[(payload.Start.Value + payload.End.Value) / 2] ^= 1), "stub: ZSTD-compressed data is corrupt", Refused),
            ("zstd, magic changed", Changed(zstd, (bytes, payload) => bytes[payload.Start.Value] ^= 1), "stub: Input is not in the ZSTD format (wrong magic bytes)", Refused),
            ("gzip, size behind the payload too small", Changed(gzip, (bytes, payload) => Put(bytes, payload.End.Value - 4, 0x1000)), "stub: uncompression error", Refused),
            ("zstd, size behind the payload too small", Changed(zstd, (bytes, payload) => Put(bytes, payload.End.Value, 0x1000)), "stub: ZSTD-compressed data is corrupt", Refused),
            ("gzip, size behind the payload more than memory", Changed(gzip, (bytes, payload) => Put(bytes, payload.End.Value - 4, 0xF0000000)), "stub: Failed to allocate memory", Refused),
            ("zstd, size behind the payload more than memory", Changed(zstd, (bytes, payload) => Put(bytes, payload.End.Value, 0xF0000000)), "stub: Failed to allocate memory", Refused),
            // The stub knows the payload's place from its linker and does not add up the checksum; the header is for kexec-tools and others.
            ("gzip, checksum changed", Changed(gzip, (bytes, payload) => bytes[payload.End.Value - 8] ^= 1), Boots, Refused),
            ("gzip, payload's size in the header 8 too small", Changed(gzip, (bytes, payload) => Put(bytes, 12, (uint)(payload.End.Value - payload.Start.Value - 8))), Boots, Refused),
            ("of arm64", bench.InSet("images/zboot/unsigned.efi"), "Loading image failed", Unpacks),
        ];

        ImmutableArray<UBootAnswer> answers = new UBootSession(bench.Work(), bench.RiscVInit).Judge([.. images.Select(i => i.File)]);

        bench.Report.Require([.. images.Zip(answers, (i, a) => new Outcome("U-Boot, riscv64", i.Name, i.Expected, a.Seen, a.Seconds, a.Console))]);
        bench.Report.Require([.. images.Select(i => new Outcome("zboot extract", $"riscv64 {i.Name}", i.Extract, Extracts(i.File, work), 0, ""))]);
    }

    [SkippableFact]
    public void U_Boot_finds_an_unsigned_image_where_removable_media_have_it()
    {
        Require();
        string work = bench.Work();
        UBootAnswer answer = new UBootSession(work, bench.RiscVInit).JudgeRemovable(Built(ZbootCompression.Gzip, work, new()));
        answer.Console.ShouldContain("Found EFI removable media binary");
        bench.Report.Require([new("U-Boot, riscv64", "gzip, unsigned, as EFI/BOOT/BOOTRISCV64.EFI", Boots, answer.Seen, answer.Seconds, answer.Console)]);
    }

    [SkippableFact]
    public void Kexec_of_6_12_takes_no_Image_and_verify_says_the_same()
    {
        Require();
        string work = bench.Work();
        SigningOptions key = LabKey.Rsa(work, "db").Signing();
        LabTree tree = LabTree.Require("6.12", "riscv64", ZbootCompression.Gzip);
        (string Name, string File)[] files = [("Image", tree.Image), ("gzip, built and signed", Signed(Built(ZbootCompression.Gzip, work, key), key))];
        var session = new KernelSession(work, bench.RiscVInit) { Board = Board.RiscV64, Kernel = tree.Image };
        for (int i = 0; i < files.Length; i++)
            session.Add($"load{i}", $"kexec {session.Give(files[i].File)}");
        KernelAnswers answers = session.Run();
        answers.Booted.ShouldNotBeNull(answers.Console);
        bench.Report.Require([.. files.SelectMany((f, i) => new Outcome[]
        {
            new("kexec, riscv64", f.Name, "ENOEXEC", TestsetLabTests.Seen(answers, $"load{i}"), i == 0 ? answers.Seconds : 0, answers.Console),
            new("verify --for kexec", $"riscv64 {f.Name}", "ENOEXEC", Verified(f.File), 0, ""),
        })]);
    }

    private static void Require()
    {
        LabBench.RequireMachine();
        UBootSession.Require();
        LabKernel.Require("6.12", "riscv64");
        Command.Require("riscv64-linux-gnu-ld", "binutils-riscv64-linux-gnu");
    }

    private static string Built(ZbootCompression compression, string work, SigningOptions inner)
    {
        LabTree tree = LabTree.Require("6.12", "riscv64", compression);
        string built = Path.Combine(work, $"built-{compression}.efi");
        LabBench.Run(OperationCatalog.ZbootBuild, new ZbootBuildOptions
        {
            Image = tree.Image,
            Kit = tree.Kit(work),
            Compression = compression,
            Level = 9,
            Signing = inner,
            Output = built,
        });
        return built;
    }

    private static string Repacked(ZbootCompression compression, string work, SigningOptions inner)
    {
        LabTree tree = LabTree.Require("6.12", "riscv64", compression);
        string repacked = Path.Combine(work, $"repacked-{compression}.efi");
        LabBench.Run(OperationCatalog.ZbootRepack, new ZbootRepackOptions { Image = tree.Finished, Kit = tree.Kit(work), Signing = inner, Output = repacked });
        return repacked;
    }

    private static string Signed(string image, SigningOptions outer)
    {
        string signed = image + ".signed";
        LabBench.Run(OperationCatalog.Sign, new SignOptions { Files = [image], Signing = outer, Output = signed });
        return signed;
    }

    // Magic "zimg" at 4, then offset and size of the payload; behind all but gzip 4 bytes more.
    private static string Changed(string image, Action<byte[], Range> change)
    {
        byte[] bytes = File.ReadAllBytes(image);
        int start = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8)), size = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(12));
        change(bytes, start..(start + size));
        string changed = $"{image}.{Guid.NewGuid():N}";
        File.WriteAllBytes(changed, bytes);
        return changed;
    }

    private static void Put(byte[] bytes, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), value);

    private static string Extracts(string image, string work)
    {
        try
        {
            LabBench.Run(OperationCatalog.ZbootExtract, new ZbootExtractOptions { Image = image, Output = Path.Combine(work, $"{Guid.NewGuid():N}.Image") });
            return Unpacks;
        }
        catch (KexecSignException)
        {
            return Refused;
        }
    }

    private static string Verified(string file)
    {
        Verdict verdict = LabBench.Run(OperationCatalog.Verify, new VerifyOptions { File = file, Consumers = [Consumer.Kexec] }).Verdicts.Single();
        return verdict.Answer == Answer.DoesNotCheck ? "accepts" : verdict.Reason.Contains("ENOEXEC (8): ", StringComparison.Ordinal) ? "ENOEXEC" : verdict.Reason;
    }
}
