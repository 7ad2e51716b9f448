using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;
using KexecSign.Simulation.Kexec;
using KexecSign.Simulation.Tests.Fixtures;

namespace KexecSign.Simulation.Tests.Kexec;

/// <summary>The answers of a 6.12 kernel under Secure Boot, row by row, for files made by the real sbsign.</summary>
public sealed class KexecFileLoadTests(Keys keys) : IClassFixture<Keys>, IDisposable
{
    private readonly SigningTools _tools = new();

    [Fact]
    public void Refuses_an_unsigned_Image()
    {
        KexecVerdict verdict = Judge(ImageBuilder.Arm64Image());
        verdict.Errno.ShouldBe(KernelErrno.ENODATA);
        verdict.Errno.Number.ShouldBe(61);
        verdict.KernelMessage.ShouldBe("PEFILE: Unsigned PE binary");
        verdict.Rule.ShouldBe(KexecRules.Unsigned);
        verdict.Explanation.ShouldContain("0xe8");
    }

    [SkippableFact]
    public void Takes_an_Image_signed_by_a_platform_key()
    {
        KexecVerdict verdict = Judge(_tools.SbSign(ImageBuilder.Arm64Image(), keys.Db));
        verdict.Accepted.ShouldBeTrue(verdict.Explanation);
        verdict.Signature!.TrustedBy.ShouldBe(KernelKeyring.Platform);
        verdict.Signature.Signer.ShouldBe("CN=db");
        verdict.Signature.DigestAlgorithm.ShouldBe("sha256");
    }

    [SkippableFact]
    public void Takes_an_Image_signed_by_a_builtin_key()
    {
        KexecVerdict verdict = Judge(_tools.SbSign(ImageBuilder.Arm64Image(), keys.Builtin));
        verdict.Accepted.ShouldBeTrue(verdict.Explanation);
        verdict.Signature!.TrustedBy.ShouldBe(KernelKeyring.BuiltinAndSecondary);
    }

    [SkippableFact]
    public void Refuses_a_key_that_is_not_enrolled()
    {
        KexecVerdict verdict = Judge(_tools.SbSign(ImageBuilder.Arm64Image(), keys.Other));
        verdict.Errno.ShouldBe(KernelErrno.ENOKEY);
        verdict.Errno.Number.ShouldBe(126);
        verdict.Rule.ShouldBe(KexecRules.NotTrusted);
    }

    [SkippableFact]
    public void Refuses_a_vmlinuz_efi_before_it_looks_at_the_signature()
    {
        foreach (byte[] zboot in new[] { ImageBuilder.Zboot(), _tools.SbSign(ImageBuilder.Zboot(), keys.Db) })
        {
            KexecVerdict verdict = Judge(zboot);
            verdict.Errno.ShouldBe(KernelErrno.EINVAL);
            verdict.Rule.ShouldBe(KexecRules.NotAnImage);
            verdict.Signature.ShouldBeNull();
            verdict.Explanation.ShouldContain("cd238281");
        }
    }

    [SkippableFact]
    public void Refuses_an_Image_that_was_padded_after_signing()
    {
        byte[] padded = ImageBuilder.PadTo(_tools.SbSign(ImageBuilder.Arm64Image(), keys.Db), ImageBuilder.ImageSize);
        KexecVerdict verdict = Judge(padded);
        verdict.Errno.ShouldBe(KernelErrno.EKEYREJECTED);
        verdict.Errno.Number.ShouldBe(129);
        verdict.KernelMessage.ShouldBe("PEFILE: Digest mismatch");
    }

    [SkippableFact]
    public void Refuses_an_Image_that_was_padded_to_image_size_before_signing()
    {
        byte[] signed = _tools.SbSign(ImageBuilder.PadTo(ImageBuilder.Arm64Image(), ImageBuilder.ImageSize), keys.Db);
        KexecVerdict verdict = Judge(signed);
        verdict.Errno.ShouldBe(KernelErrno.EINVAL);
        verdict.Rule.ShouldBe(KexecRules.LongerThanMemory);
        verdict.Signature!.Accepted.ShouldBeTrue(verdict.Signature.Explanation);
        verdict.Explanation.ShouldContain($"0x{signed.Length:x}");
        verdict.Explanation.ShouldContain("0x20000");

        Judge(signed, policy: Policy() with { Enforced = false }).Errno.ShouldBe(KernelErrno.EINVAL);
    }

    [SkippableFact]
    public void Takes_an_Image_whose_certificate_table_fits_into_the_bss_tail()
    {
        byte[] image = ImageBuilder.Arm64Image();
        int table = _tools.SbSign(image, keys.Db).Length - image.Length;
        byte[] fit = _tools.SbSign(ImageBuilder.PadTo(image, ImageBuilder.ImageSize - table), keys.Db);
        fit.Length.ShouldBe(ImageBuilder.ImageSize);
        KexecVerdict verdict = Judge(fit);
        verdict.Accepted.ShouldBeTrue(verdict.Explanation);
    }

    [SkippableFact]
    public void Reads_only_the_first_of_two_signatures()
    {
        byte[] image = ImageBuilder.Arm64Image();
        byte[] dbFirst = _tools.SbSign(_tools.SbSign(image, keys.Db), keys.Other);
        byte[] otherFirst = _tools.SbSign(_tools.SbSign(image, keys.Other), keys.Db);
        Judge(dbFirst).Accepted.ShouldBeTrue(Judge(dbFirst).Explanation);
        Judge(otherFirst).Errno.ShouldBe(KernelErrno.ENOKEY);
    }

    [SkippableFact]
    public void Loads_everything_that_can_be_loaded_when_nothing_is_enforced()
    {
        byte[] image = ImageBuilder.Arm64Image();
        byte[] padded = ImageBuilder.PadTo(_tools.SbSign(image, keys.Db), ImageBuilder.ImageSize);
        foreach (byte[] file in new[] { image, padded, _tools.SbSign(image, keys.Other) })
        {
            KexecVerdict verdict = Judge(file, policy: Policy() with { Enforced = false });
            verdict.Accepted.ShouldBeTrue(verdict.Explanation);
            verdict.Signature!.Accepted.ShouldBeFalse();
            verdict.Explanation.ShouldContain("not enforced");
        }
        Judge(ImageBuilder.Zboot(), policy: Policy() with { Enforced = false }).Errno.ShouldBe(KernelErrno.EINVAL);
    }

    [Fact]
    public void Lockdown_refuses_what_nobody_vouches_for()
    {
        KernelPolicy locked = Policy() with { Enforced = false, LockedDown = true };
        Judge(ImageBuilder.Arm64Image(), policy: locked).Errno.ShouldBe(KernelErrno.EPERM);
        Judge(ImageBuilder.Arm64Image(), policy: locked with { ImaAppraises = true }).Accepted.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0, 22)]
    [InlineData(63, 22)]
    public void Refuses_a_file_shorter_than_its_header(int length, int errno) =>
        Judge(ImageBuilder.Arm64Image()[..length]).Errno.Number.ShouldBe(errno);

    [Fact]
    public void Refuses_a_file_longer_than_4_GiB()
    {
        Layout huge = Layout.Of(ImageBuilder.Arm64Image()).PadTo((4L << 30) + 1);
        KexecFileLoad.Judge(huge, KernelArchitecture.Arm64, Policy()).Errno.ShouldBe(KernelErrno.EFBIG);
    }

    [Fact]
    public void Refuses_an_Image_that_does_not_say_how_large_it_is()
    {
        byte[] signed = Sign(ImageBuilder.With(ImageBuilder.Arm64Image(), image => ImageBuilder.WriteUInt64(image, 16, 0)));
        KexecVerdict verdict = Judge(signed);
        verdict.Errno.ShouldBe(KernelErrno.EINVAL);
        verdict.Rule.ShouldBe(KexecRules.ImageSizeZero);
    }

    [Theory]
    [InlineData(0b0000, true)]
    [InlineData(0b0010, true)]
    [InlineData(0b0100, false)]
    [InlineData(0b0110, true)]
    [InlineData(0b0001, false)]
    public void Asks_the_processor_for_page_size_and_endianness(ulong flags, bool accepted)
    {
        byte[] signed = Sign(ImageBuilder.With(ImageBuilder.Arm64Image(), image => ImageBuilder.WriteUInt64(image, 24, flags)));
        KexecVerdict verdict = Judge(signed, policy: Policy() with { Granules = [4096, 65536], MixedEndian = false });
        verdict.Accepted.ShouldBe(accepted, verdict.Explanation);
        if (!accepted)
            verdict.Rule.ShouldBe(KexecRules.CpuFeature);
    }

    [Fact]
    public void Rounds_the_memory_of_an_Image_up_to_pages()
    {
        byte[] image = ImageBuilder.Arm64Image();
        int length = Sign(image).Length;
        byte[] exact = Sign(ImageBuilder.With(image, copy => ImageBuilder.WriteUInt64(copy, 16, (ulong)length - 1)));
        Judge(exact).Accepted.ShouldBeTrue(Judge(exact).Explanation);
        byte[] pageShort = Sign(ImageBuilder.With(image, copy => ImageBuilder.WriteUInt64(copy, 16, (ulong)(length / 4096 * 4096))));
        Judge(pageShort).Rule.ShouldBe(KexecRules.LongerThanMemory);
    }

    [SkippableFact]
    public void Judges_a_bzImage_by_its_setup_header()
    {
        Judge(ImageBuilder.BzImage(), KernelArchitecture.X64).Errno.ShouldBe(KernelErrno.ENODATA);
        byte[] signed = _tools.SbSign(ImageBuilder.BzImage(), keys.Db);
        Judge(signed, KernelArchitecture.X64).Accepted.ShouldBeTrue();
        Judge(signed[..1023], KernelArchitecture.X64).Errno.ShouldBe(KernelErrno.ENOEXEC);
        Judge(ImageBuilder.Arm64Image(), KernelArchitecture.X64).KernelMessage.ShouldBe("kexec-bzImage64: Not a bzImage");
    }

    [Theory]
    [InlineData(0x1FE, "No x86 boot sector present")]
    [InlineData(0x207, "Must be at least protocol version 2.12")]
    [InlineData(0x211, "zImage not a bzImage")]
    [InlineData(0x236, "Not a bzImage64. XLF_KERNEL_64 is not set.")]
    public void Refuses_a_bzImage_with_one_condition_missing(int offset, string message)
    {
        KexecVerdict verdict = Judge(ImageBuilder.With(ImageBuilder.BzImage(), image => image[offset] = 0), KernelArchitecture.X64);
        verdict.Errno.ShouldBe(KernelErrno.ENOEXEC);
        verdict.KernelMessage.ShouldBe("kexec-bzImage64: " + message);
    }

    [Fact]
    public void Refuses_a_bzImage_longer_than_its_init_size()
    {
        byte[] signed = Sign(ImageBuilder.With(ImageBuilder.BzImage(), image => ImageBuilder.WriteUInt32(image, 0x260, 0x1000)));
        Judge(signed, KernelArchitecture.X64).Rule.ShouldBe(KexecRules.LongerThanMemory);
    }

    [Fact]
    public void Knows_which_architectures_read_no_PE_signature()
    {
        byte[] riscv = ImageBuilder.RiscVImage();
        Judge(riscv, KernelArchitecture.RiscV64).Errno.ShouldBe(KernelErrno.ENOEXEC);
        KexecVerdict newer = Judge(riscv, KernelArchitecture.RiscV64, Policy() with { Release = new KernelRelease(6, 16) });
        newer.Accepted.ShouldBeTrue(newer.Explanation);
        newer.Signature.ShouldBeNull();
        Judge(ImageBuilder.PadTo(riscv, ImageBuilder.ImageSize + 8), KernelArchitecture.RiscV64, Policy() with { Release = new KernelRelease(6, 16) })
            .Rule.ShouldBe(KexecRules.LongerThanMemory);
        Judge(riscv, KernelArchitecture.PowerPC64).Errno.ShouldBe(KernelErrno.ENOEXEC);
        Should.Throw<Formats.Errors.KexecSignException>(() => Judge(riscv, KernelArchitecture.S390X)).Code.ShouldBe(KexecRules.NotModelled);
    }

    [Fact]
    public void A_refusal_can_be_raised_with_its_code()
    {
        KexecVerdict verdict = Judge(ImageBuilder.Arm64Image());
        Should.Throw<Formats.Errors.KexecSignException>(verdict.ThrowIfRefused).Message.ShouldStartWith("KS4023: ");
        Judge(Sign(ImageBuilder.Arm64Image())).ThrowIfRefused();
    }

    [Fact]
    public void Stops_when_cancelled()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        byte[] signed = Sign(ImageBuilder.Arm64Image());
        Should.Throw<OperationCanceledException>(
            () => KexecFileLoad.Judge(Layout.Of(signed), KernelArchitecture.Arm64, Policy(), cancelled.Token));
    }

    public void Dispose() => _tools.Dispose();

    private byte[] Sign(byte[] image) => new AuthenticodeForge(keys.Db).Sign(image);

    private KernelPolicy Policy() => new()
    {
        BuiltinAndSecondary = [keys.Builtin.Certificate],
        Platform = [keys.Db.Certificate],
    };

    private KexecVerdict Judge(byte[] file, KernelArchitecture architecture = KernelArchitecture.Arm64, KernelPolicy? policy = null) =>
        KexecFileLoad.Judge(Layout.Of(file), architecture, policy ?? Policy());
}
