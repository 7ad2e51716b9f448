using System.Security.Cryptography;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;
using KexecSign.Simulation.Kexec;
using KexecSign.Simulation.Tests.Fixtures;

namespace KexecSign.Simulation.Tests.Kexec;

/// <summary>The model's digest and verdict beside those of the real tools.</summary>
public sealed class PeDigestTests(Keys keys) : IClassFixture<Keys>, IDisposable
{
    private readonly SigningTools _tools = new();

    public static TheoryData<string> Layouts => ["image", "zboot", "bzImage", "padded", "trailing", "gap"];

    [SkippableTheory]
    [MemberData(nameof(Layouts))]
    public void Equals_pesign(string layout)
    {
        byte[] image = Make(layout);
        Digest(image).ShouldBe(_tools.PeSignDigest(image));
    }

    // pesign leaves the last header out of its sort, so it cannot judge swapped headers.
    [SkippableTheory]
    [MemberData(nameof(Layouts))]
    [InlineData("swapped")]
    public void Equals_what_sbsign_signs(string layout)
    {
        PeJudgement judgement = Judge(_tools.SbSign(Make(layout), keys.Db));
        judgement.Accepted.ShouldBeTrue(judgement.Explanation);
    }

    [Fact]
    public void Equals_the_flat_hash_of_a_file_without_gaps()
    {
        byte[] image = ImageBuilder.Arm64Image();
        Digest(image).ShouldBe(Convert.ToHexStringLower(AuthenticodeForge.FlatDigest(image, HashAlgorithmName.SHA256)));
    }

    [Fact]
    public void Does_not_change_with_checksum_and_signature()
    {
        byte[] image = ImageBuilder.Arm64Image();
        byte[] signed = ImageBuilder.With(
            new AuthenticodeForge(keys.Db).Sign(image), copy => ImageBuilder.WriteUInt32(copy, ImageBuilder.Optional + 64, 0x12345678));
        Digest(signed).ShouldBe(Digest(image));
    }

    [Fact]
    public void Does_not_cover_a_gap_between_sections_but_hashes_behind_them_instead()
    {
        byte[] image = Make("gap");
        byte[] changed = ImageBuilder.With(image, copy => copy[ImageBuilder.SizeOfHeaders + ImageBuilder.TextSize + 1] ^= 0xFF);
        Digest(changed).ShouldBe(Digest(image));
        Digest(image).ShouldNotBe(Convert.ToHexStringLower(AuthenticodeForge.FlatDigest(image, HashAlgorithmName.SHA256)));
    }

    [Fact]
    public void Is_the_same_for_a_file_in_pieces()
    {
        byte[] image = ImageBuilder.PadTo(ImageBuilder.Arm64Image(), 3 << 20);
        Layout pieces = Layout.Of(image.AsMemory(0, 100)).Append(image.AsMemory(100, 5000)).Append(image.AsMemory(5100, ImageBuilder.FileSize - 5100))
            .PadTo(3 << 20);
        PeVerification.Digest(pieces, HashAlgorithmName.SHA384)
            .ShouldBe(PeVerification.Digest(Layout.Of(image), HashAlgorithmName.SHA384));
    }

    [Fact]
    public void Refuses_sections_outside_the_file()
    {
        byte[] image = ImageBuilder.With(ImageBuilder.Arm64Image(), copy => ImageBuilder.WriteUInt32(copy, ImageBuilder.SectionTable + 40 + 16, 0x10000));
        Should.Throw<KexecSignException>(() => Digest(image)).Code.ShouldBe(KexecRules.KernelFaults);
    }

    public static TheoryData<string, bool> Signed => new()
    {
        { "signed", true },
        { "changed", false },
        { "padded after signing", false },
        { "padded before signing", true },
        { "cut inside the table", false },
        { "other key", false },
        { "unsigned", false },
        { "bytes behind the table", false },
    };

    [SkippableTheory]
    [MemberData(nameof(Signed))]
    public void Says_what_sbverify_says(string what, bool good)
    {
        byte[] image = ImageBuilder.Arm64Image();
        byte[] file = what switch
        {
            "changed" => ImageBuilder.With(_tools.SbSign(image, keys.Db), copy => copy[ImageBuilder.FileSize - 1] ^= 1),
            "padded after signing" => ImageBuilder.PadTo(_tools.SbSign(image, keys.Db), ImageBuilder.ImageSize),
            "padded before signing" => _tools.SbSign(ImageBuilder.PadTo(image, ImageBuilder.ImageSize), keys.Db),
            "cut inside the table" => _tools.SbSign(image, keys.Db)[..^16],
            "other key" => _tools.SbSign(image, keys.Other),
            "unsigned" => image,
            "bytes behind the table" => [.. _tools.SbSign(image, keys.Db), 1, 2, 3, 4, 5, 6, 7, 8],
            _ => _tools.SbSign(image, keys.Db),
        };
        Judge(file).Accepted.ShouldBe(good, Judge(file).Explanation);
        _tools.SbVerify(file, keys.Db).ShouldBe(good);
    }

    [SkippableTheory]
    [InlineData("sha256")]
    [InlineData("sha384")]
    [InlineData("sha512")]
    [InlineData("sha1")]
    public void Takes_the_digests_of_osslsigncode(string hash)
    {
        PeJudgement judgement = Judge(_tools.OsslSignCode(ImageBuilder.Arm64Image(), keys.Db, hash));
        judgement.Accepted.ShouldBeTrue(judgement.Explanation);
        judgement.DigestAlgorithm.ShouldBe(hash);
    }

    [SkippableFact]
    public void Holds_the_signing_time_of_sbsign_against_an_expired_certificate()
    {
        PeJudgement judgement = PeVerification.Judge(
            Layout.Of(_tools.SbSign(ImageBuilder.Arm64Image(), keys.Expired)), new KernelPolicy { Platform = [keys.Expired.Certificate] });
        judgement.Errno.ShouldBe(KernelErrno.EKEYREJECTED);
        judgement.Rule.ShouldBe(KexecRules.SigningTime);
    }

    [SkippableFact]
    public void Takes_the_signature_of_pesign()
    {
        PeJudgement judgement = Judge(_tools.PeSign(ImageBuilder.Arm64Image(), keys.Db));
        judgement.Accepted.ShouldBeTrue(judgement.Explanation);
    }

    public void Dispose() => _tools.Dispose();

    private static string Digest(byte[] image) => Convert.ToHexStringLower(PeVerification.Digest(Layout.Of(image), HashAlgorithmName.SHA256));

    private PeJudgement Judge(byte[] file) => PeVerification.Judge(
        Layout.Of(file), new KernelPolicy { Platform = [keys.Db.Certificate] });

    private static byte[] Make(string layout)
    {
        byte[] image = ImageBuilder.Arm64Image();
        return layout switch
        {
            "image" => image,
            "zboot" => ImageBuilder.Zboot(),
            "bzImage" => ImageBuilder.BzImage(),
            "padded" => ImageBuilder.PadTo(image, ImageBuilder.ImageSize),
            "trailing" => [.. image, 1, 2, 3, 4, 5, 6, 7, 8],
            "swapped" => ImageBuilder.With(image, SwapSections),
            "gap" => MakeGap(image),
            _ => throw new ArgumentOutOfRangeException(nameof(layout)),
        };
    }

    private static void SwapSections(byte[] image)
    {
        byte[] first = image[ImageBuilder.SectionTable..(ImageBuilder.SectionTable + 40)];
        image.AsSpan(ImageBuilder.SectionTable + 40, 40).CopyTo(image.AsSpan(ImageBuilder.SectionTable));
        first.CopyTo(image, ImageBuilder.SectionTable + 40);
    }

    private static byte[] MakeGap(byte[] image)
    {
        const int end = ImageBuilder.SizeOfHeaders + ImageBuilder.TextSize;
        byte[] gapped = [.. image[..end], .. new byte[0x200], .. image[end..]];
        ImageBuilder.WriteUInt32(gapped, ImageBuilder.SectionTable + 40 + 20, end + 0x200);
        return gapped;
    }
}
