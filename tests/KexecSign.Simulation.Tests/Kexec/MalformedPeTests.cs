using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Errors;
using KexecSign.Simulation.Kexec;
using KexecSign.Simulation.Tests.Fixtures;

namespace KexecSign.Simulation.Tests.Kexec;

/// <summary>Headers and certificate tables that lie, each to the answer of verify_pefile.c.</summary>
public sealed class MalformedPeTests(Keys keys) : IClassFixture<Keys>
{
    private const int Table = ImageBuilder.FileSize;

    public static TheoryData<string, int> Cases => new()
    {
        { "no change", 0 },
        { "no MZ", 80 },
        { "e_lfanew huge", 80 },
        { "e_lfanew inside the DOS header", 80 },
        { "e_lfanew at the last byte", 80 },
        { "no PE", 80 },
        { "optional magic unknown", 80 },
        { "cut to 64 bytes", 80 },
        { "cut to 200 bytes", 80 },
        { "SizeOfHeaders 0", 80 },
        { "SizeOfHeaders inside the optional header", 80 },
        { "SizeOfHeaders inside the directories", 80 },
        { "SizeOfHeaders inside the section table", 80 },
        { "SizeOfHeaders is the file length", 80 },
        { "SizeOfHeaders huge", 80 },
        { "65535 sections", 80 },
        { "NumberOfRvaAndSizes huge", 80 },
        { "certificate address 0", 61 },
        { "certificate size 0", 61 },
        { "certificate table inside the headers", 80 },
        { "certificate table behind the file", 80 },
        { "certificate size huge", 80 },
        { "certificate size 4", 80 },
        { "dwLength longer than the table", 80 },
        { "dwLength 8", 129 },
        { "dwLength 11", 129 },
        { "dwLength 12", 80 },
        { "revision 1.0", 524 },
        { "type EFI GUID", 524 },
        { "not a SEQUENCE", 80 },
        { "DER length 0x83", 90 },
        { "DER length 0xff", 90 },
        { "DER length longer than the entry", 80 },
        { "DER length indefinite", 74 },
        { "DER length short", 74 },
        { "certificate table inside the sections", 80 },
        { "raw size huge", 14 },
        { "raw offset behind the file", 14 },
        { "no sections", 14 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Answers_as_the_kernel_does(string what, int errno)
    {
        byte[] signed = new AuthenticodeForge(keys.Db).Sign(Prepared(what));
        signed = ImageBuilder.With(signed, file => Break(what, file));
        if (what.StartsWith("cut to ", StringComparison.Ordinal))
            signed = signed[..int.Parse(what.Split(' ')[2])];
        PeJudgement judgement = PeVerification.Judge(Layout.Of(signed), new KernelPolicy { Platform = [keys.Db.Certificate] });
        judgement.Errno.Number.ShouldBe(errno, judgement.Explanation);
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

    // Some lies are only told behind the digest, so they must be there when it is made.
    private static byte[] Prepared(string what) => ImageBuilder.With(ImageBuilder.Arm64Image(), image =>
    {
        if (what is "raw size huge" or "raw offset behind the file" or "no sections")
            Break(what, image);
    });

    private static void Break(string what, byte[] file)
    {
        switch (what)
        {
            case "no MZ":
                file[0] = 0;
                break;
            case "e_lfanew huge":
                ImageBuilder.WriteUInt32(file, 0x3C, 0xFFFFFFFF);
                break;
            case "e_lfanew inside the DOS header":
                ImageBuilder.WriteUInt32(file, 0x3C, 0x3F);
                break;
            case "e_lfanew at the last byte":
                ImageBuilder.WriteUInt32(file, 0x3C, (uint)file.Length - 1);
                break;
            case "no PE":
                file[ImageBuilder.PeOffset] = 0;
                break;
            case "optional magic unknown":
                ImageBuilder.WriteUInt16(file, ImageBuilder.Optional, 0x0107);
                break;
            case "SizeOfHeaders 0":
                SizeOfHeaders(0);
                break;
            case "SizeOfHeaders inside the optional header":
                SizeOfHeaders(ImageBuilder.Optional + 112);
                break;
            case "SizeOfHeaders inside the directories":
                SizeOfHeaders(ImageBuilder.SectionTable - 1);
                break;
            case "SizeOfHeaders inside the section table":
                SizeOfHeaders(ImageBuilder.SectionTable + 79);
                break;
            case "SizeOfHeaders is the file length":
                SizeOfHeaders((uint)file.Length);
                break;
            case "SizeOfHeaders huge":
                SizeOfHeaders(0xFFFFFFFF);
                break;
            case "65535 sections":
                ImageBuilder.WriteUInt16(file, ImageBuilder.PeOffset + 6, 0xFFFF);
                break;
            case "no sections":
                ImageBuilder.WriteUInt16(file, ImageBuilder.PeOffset + 6, 0);
                break;
            case "NumberOfRvaAndSizes huge":
                ImageBuilder.WriteUInt32(file, ImageBuilder.Optional + 108, 0xFFFFFFFF);
                break;
            case "certificate address 0":
                Certificates(0, 0x600);
                break;
            case "certificate size 0":
                Certificates(Table, 0);
                break;
            case "certificate table inside the headers":
                Certificates(ImageBuilder.SizeOfHeaders - 8, 0x600);
                break;
            case "certificate table inside the sections":
                Certificates(ImageBuilder.SizeOfHeaders, 0x10);
                ImageBuilder.WriteUInt32(file, ImageBuilder.SizeOfHeaders, 0x11);
                break;
            case "certificate table behind the file":
                Certificates((uint)file.Length, 8);
                break;
            case "certificate size huge":
                Certificates(Table, 0xFFFFFFFF);
                break;
            case "certificate size 4":
                Certificates(Table, 4);
                break;
            case "dwLength longer than the table":
                ImageBuilder.WriteUInt32(file, Table, (uint)(file.Length - Table) + 1);
                break;
            case "dwLength 8" or "dwLength 11" or "dwLength 12":
                ImageBuilder.WriteUInt32(file, Table, uint.Parse(what.Split(' ')[1]));
                break;
            case "revision 1.0":
                ImageBuilder.WriteUInt16(file, Table + 4, 0x0100);
                break;
            case "type EFI GUID":
                ImageBuilder.WriteUInt16(file, Table + 6, 0x0EF1);
                break;
            case "not a SEQUENCE":
                file[Table + 8] = 0x31;
                break;
            case "DER length 0x83" or "DER length 0xff":
                file[Table + 9] = Convert.ToByte(what[^2..], 16);
                break;
            case "DER length longer than the entry":
                file[Table + 10] = 0x7F;
                break;
            case "DER length indefinite":
                file[Table + 9] = 0x80;
                break;
            case "DER length short":
                file[Table + 9] = 0x10;
                break;
            case "raw size huge":
                ImageBuilder.WriteUInt32(file, ImageBuilder.SectionTable + 16, 0xFFFFFF00);
                break;
            case "raw offset behind the file":
                ImageBuilder.WriteUInt32(file, ImageBuilder.SectionTable + 20, 0x01000000);
                break;
            default:
                break;
        }

        void SizeOfHeaders(uint value) => ImageBuilder.WriteUInt32(file, ImageBuilder.Optional + 60, value);

        void Certificates(uint address, uint size)
        {
            ImageBuilder.WriteUInt32(file, ImageBuilder.CertificateEntry, address);
            ImageBuilder.WriteUInt32(file, ImageBuilder.CertificateEntry + 4, size);
        }
    }
}
