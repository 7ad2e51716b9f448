using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Errors;
using KexecSign.Simulation.Kexec;
using KexecSign.Simulation.Tests.Fixtures;

namespace KexecSign.Simulation.Tests.Kexec;

/// <summary>Headers and certificate tables that lie, each to the answer of verify_pefile.c.</summary>
public sealed class MalformedPeTests(Keys keys) : IClassFixture<Keys>
{
    private const int Table = ImageBuilder.FileSize;

    private static readonly Lie[] Lies =
    [
        new("no change", 0, _ => { }),
        new("no MZ", 80, file => file[0] = 0),
        new("e_lfanew huge", 80, file => ImageBuilder.WriteUInt32(file, 0x3C, 0xFFFFFFFF)),
        new("e_lfanew inside the DOS header", 80, file => ImageBuilder.WriteUInt32(file, 0x3C, 0x3F)),
        new("e_lfanew at the last byte", 80, file => ImageBuilder.WriteUInt32(file, 0x3C, (uint)file.Length - 1)),
        new("no PE", 80, file => file[ImageBuilder.PeOffset] = 0),
        new("optional magic unknown", 80, file => ImageBuilder.WriteUInt16(file, ImageBuilder.Optional, 0x0107)),
        new("cut to 64 bytes", 80, _ => { }, CutTo: 64),
        new("cut to 200 bytes", 80, _ => { }, CutTo: 200),
        new("SizeOfHeaders 0", 80, file => SizeOfHeaders(file, 0)),
        new("SizeOfHeaders inside the optional header", 80, file => SizeOfHeaders(file, ImageBuilder.Optional + 112)),
        new("SizeOfHeaders inside the directories", 80, file => SizeOfHeaders(file, ImageBuilder.SectionTable - 1)),
        new("SizeOfHeaders inside the section table", 80, file => SizeOfHeaders(file, ImageBuilder.SectionTable + 79)),
        new("SizeOfHeaders is the file length", 80, file => SizeOfHeaders(file, (uint)file.Length)),
        new("SizeOfHeaders huge", 80, file => SizeOfHeaders(file, 0xFFFFFFFF)),
        new("65535 sections", 80, file => ImageBuilder.WriteUInt16(file, ImageBuilder.PeOffset + 6, 0xFFFF)),
        new("NumberOfRvaAndSizes huge", 80, file => ImageBuilder.WriteUInt32(file, ImageBuilder.Optional + 108, 0xFFFFFFFF)),
        new("certificate address 0", 61, file => Certificates(file, 0, 0x600)),
        new("certificate size 0", 61, file => Certificates(file, Table, 0)),
        new("certificate table inside the headers", 80, file => Certificates(file, ImageBuilder.SizeOfHeaders - 8, 0x600)),
        new("certificate table behind the file", 80, file => Certificates(file, (uint)file.Length, 8)),
        new("certificate size huge", 80, file => Certificates(file, Table, 0xFFFFFFFF)),
        new("certificate size 4", 80, file => Certificates(file, Table, 4)),
        new("dwLength longer than the table", 80, file => ImageBuilder.WriteUInt32(file, Table, (uint)(file.Length - Table) + 1)),
        new("dwLength 8", 129, file => ImageBuilder.WriteUInt32(file, Table, 8)),
        new("dwLength 11", 129, file => ImageBuilder.WriteUInt32(file, Table, 11)),
        new("dwLength 12", 80, file => ImageBuilder.WriteUInt32(file, Table, 12)),
        new("revision 1.0", 524, file => ImageBuilder.WriteUInt16(file, Table + 4, 0x0100)),
        new("type EFI GUID", 524, file => ImageBuilder.WriteUInt16(file, Table + 6, 0x0EF1)),
        new("not a SEQUENCE", 80, file => file[Table + 8] = 0x31),
        new("DER length 0x83", 90, file => file[Table + 9] = 0x83),
        new("DER length 0xff", 90, file => file[Table + 9] = 0xFF),
        new("DER length longer than the entry", 80, file => file[Table + 10] = 0x7F),
        new("DER length indefinite", 74, file => file[Table + 9] = 0x80),
        new("DER length short", 74, file => file[Table + 9] = 0x10),
        new("certificate table inside the sections", 80, file =>
        {
            Certificates(file, ImageBuilder.SizeOfHeaders, 0x10);
            ImageBuilder.WriteUInt32(file, ImageBuilder.SizeOfHeaders, 0x11);
        }),
        new("raw size huge", 14, file => ImageBuilder.WriteUInt32(file, ImageBuilder.SectionTable + 16, 0xFFFFFF00), Prepared: true),
        new("raw offset behind the file", 14, file => ImageBuilder.WriteUInt32(file, ImageBuilder.SectionTable + 20, 0x01000000), Prepared: true),
        new("no sections", 14, file => ImageBuilder.WriteUInt16(file, ImageBuilder.PeOffset + 6, 0), Prepared: true),
    ];

    public static TheoryData<string> Names => [.. Lies.Select(lie => lie.What)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Answers_as_the_kernel_does(string what)
    {
        Lie lie = Lies.Single(lie => lie.What == what);
        byte[] image = ImageBuilder.Arm64Image();
        byte[] signed = new AuthenticodeForge(keys.Db).Sign(lie.Prepared ? ImageBuilder.With(image, lie.Tell) : image);
        signed = ImageBuilder.With(signed, lie.Tell);
        if (lie.CutTo is { } length)
            signed = signed[..length];
        PeJudgement judgement = PeVerification.Judge(Layout.Of(signed), new KernelPolicy { Platform = [keys.Db.Certificate] });
        judgement.Errno.Number.ShouldBe(lie.Errno, judgement.Explanation);
    }

    // Read from the source, where sig_len is unsigned: 0 - 8 is not below 4, and the DER length is what counts then.
    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void A_dwLength_below_eight_wraps_and_is_taken(uint length)
    {
        byte[] signed = new AuthenticodeForge(keys.Db).Sign(ImageBuilder.Arm64Image());
        ImageBuilder.WriteUInt32(signed, Table, length);
        PeJudgement judgement = PeVerification.Judge(Layout.Of(signed), new KernelPolicy { Platform = [keys.Db.Certificate] });
        judgement.Accepted.ShouldBeTrue(judgement.Explanation);
    }

    [Fact]
    public void Ignores_SizeOfOptionalHeader()
    {
        byte[] image = ImageBuilder.With(ImageBuilder.Arm64Image(), copy => ImageBuilder.WriteUInt16(copy, ImageBuilder.PeOffset + 20, 0xFFFF));
        PeJudgement judgement = PeVerification.Judge(
            Layout.Of(new AuthenticodeForge(keys.Db).Sign(image)), new KernelPolicy { Platform = [keys.Db.Certificate] });
        judgement.Accepted.ShouldBeTrue(judgement.Explanation);
    }

    [Fact]
    public void Takes_padding_inside_the_entry()
    {
        byte[] message = new AuthenticodeForge(keys.Db).Message(
            AuthenticodeForge.FlatDigest(ImageBuilder.Arm64Image(), System.Security.Cryptography.HashAlgorithmName.SHA256));
        byte[] signed = AuthenticodeForge.Attach(ImageBuilder.Arm64Image(), [.. message, .. new byte[500]]);
        PeJudgement judgement = PeVerification.Judge(Layout.Of(signed), new KernelPolicy { Platform = [keys.Db.Certificate] });
        judgement.Accepted.ShouldBeTrue(judgement.Explanation);
    }

    [Fact]
    public void Explains_where_and_with_both_numbers()
    {
        byte[] signed = new AuthenticodeForge(keys.Db).Sign(ImageBuilder.Arm64Image());
        ImageBuilder.WriteUInt32(signed, 0x3C, 0xFFFFFFF0);
        PeJudgement judgement = PeVerification.Judge(Layout.Of(signed), new KernelPolicy { Platform = [keys.Db.Certificate] });
        judgement.Rule.ShouldBe(KexecRules.OutsideFile);
        judgement.Explanation.ShouldContain("0xfffffff0");
        judgement.Explanation.ShouldContain($"0x{signed.Length:x}");
    }

    [Fact]
    public void Every_header_byte_can_be_wrong_without_harm()
    {
        byte[] signed = new AuthenticodeForge(keys.Db).Sign(ImageBuilder.Arm64Image());
        foreach (byte mask in new byte[] { 0x01, 0x80, 0xFF })
        {
            for (int at = 0; at < ImageBuilder.SectionTable + 80; at++)
            {
                byte[] changed = ImageBuilder.With(signed, file => file[at] ^= mask);
                PeJudgement judgement = PeVerification.Judge(Layout.Of(changed), new KernelPolicy { Platform = [keys.Db.Certificate] });
                bool unhashed = at is >= ImageBuilder.Optional + 64 and < ImageBuilder.Optional + 68;
                judgement.Accepted.ShouldBe(unhashed, $"byte 0x{at:x} ^ 0x{mask:x}: {judgement.Explanation}");
            }
        }
    }

    private static void SizeOfHeaders(byte[] file, uint value) => ImageBuilder.WriteUInt32(file, ImageBuilder.Optional + 60, value);

    private static void Certificates(byte[] file, uint address, uint size)
    {
        ImageBuilder.WriteUInt32(file, ImageBuilder.CertificateEntry, address);
        ImageBuilder.WriteUInt32(file, ImageBuilder.CertificateEntry + 4, size);
    }

    /// <summary>A lie, and what the kernel answers.</summary>
    /// <param name="What">What is untrue.</param>
    /// <param name="Errno">The kernel's answer; 0 when it takes the file.</param>
    /// <param name="Tell">Tells it.</param>
    /// <param name="Prepared">Whether it is told behind the digest only, and so must be there when that is made.</param>
    /// <param name="CutTo">How much of the file is left; null for all of it.</param>
    private sealed record Lie(string What, int Errno, Action<byte[]> Tell, bool Prepared = false, int? CutTo = null);
}
