using KexecSign.Commands.Inspect;
using KexecSign.Commands.Verify;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Tests.Inspection;

/// <summary>
/// The damages on which sbsign 0.9.4, pesign 0.112 or osslsigncode 2.9 crash, hang or sign nonsense: here every one of them
/// is refused with a code, and nothing is left behind.
/// </summary>
public sealed class HostileImageTests : IDisposable
{
    private readonly Bench _bench = new();

    public static TheoryData<string> Damages =>
    [
        "certificate address 0xfffffff8", "certificate size 0xffffffff", "65535 sections", "raw pointer 0xffffffff", "raw size 0xffffffff",
        "SizeOfHeaders 0", "SizeOfHeaders small", "SizeOfHeaders 0xffffffff", "directories 0xffffffff", "e_lfanew huge", "cut to 200", "cut inside .text",
        "certificates in headers", "certificates in sections", "certificates at the last 8 bytes", "dwLength 0", "dwLength 7", "no sections",
        "no directories", "4 directories",
    ];

    [Theory]
    [MemberData(nameof(Damages))]
    public void Signing_is_refused(string damage)
    {
        string file = _bench.Folder.File("image", Damaged(damage));
        foreach (ExistingSignatures existing in Enum.GetValues<ExistingSignatures>())
        {
            if (damage.StartsWith("dwLength", StringComparison.Ordinal) && existing == ExistingSignatures.Replace)
                continue; // Dropping a broken table is what the message advises.
            KexecSignException refused = Should.Throw<KexecSignException>(() => _bench.Sign(file, TestSigners.Rsa2048, o => o with { Existing = existing }), damage);
            refused.Code.Id.ShouldStartWith("KS1");
            refused.File.ShouldBe(file);
        }
        _bench.Folder.Names().ShouldNotContain("signed");
        _bench.Folder.Names().ShouldNotContain(n => n.StartsWith('.'));
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void Inspecting_and_verifying_end_with_an_answer(string damage)
    {
        string file = _bench.Folder.File("image", Damaged(damage));
        Answer(() => InspectOperation.Definition.Run(new() { File = file }, _bench.Context).View());
        bool accepted = false;
        Answer(() =>
        {
            VerifyResult result = VerifyOperation.Definition.Run(
                new() { File = file, Consumers = [.. Enum.GetValues<Consumer>()], Db = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] }, _bench.Context);
            result.View();
            accepted = result.Verdicts.Any(v => v.Answer == KexecSign.Judging.Answer.Accepts);
        });
        accepted.ShouldBeFalse();
    }

    // Signed zboot with a signed kernel in it: every reader of the product is behind this.
    [SkippableTheory]
    [InlineData(0, 0x180, 250)]
    [InlineData(0x180, 0x3600, 60)]
    [InlineData(-2000, 0, 250)]
    public void Mutated_images_end_with_an_answer(int from, int to, int count)
    {
        byte[] kernel = File.ReadAllBytes(_bench.SignedImage(TestSigners.P256));
        string embedded = _bench.Folder.At("embedded");
        KexecSign.Commands.Bpf.BpfEmbedOperation.Definition.Run(
            new() { Image = _bench.Folder.File("zboot", TestZboot.Gzip(kernel).Bytes), Parser = Parsers.Compile(_bench.Folder), Output = embedded }, _bench.Context);
        byte[] sound = File.ReadAllBytes(_bench.Sign(embedded, TestSigners.Rsa2048).Signed[0].File);
        from = from < 0 ? sound.Length + from : from;
        to = to <= 0 ? sound.Length : Math.Min(to, sound.Length);
        string certificate = TestSigners.Rsa2048.CertificateFile(_bench.Folder);
        foreach (byte[] mutation in Mutations.Of(sound, from, to, count, seed: from + count))
        {
            string file = _bench.Folder.File("mutation", mutation);
            Answer(() => InspectOperation.Definition.Run(new() { File = file }, _bench.Context).View());
            Answer(() => VerifyOperation.Definition.Run(new() { File = file, Certificates = [certificate] }, _bench.Context).View());
            Answer(() => VerifyOperation.Definition.Run(new() { File = file, Consumers = [.. Enum.GetValues<Consumer>()] }, _bench.Context).View());
        }
    }

    public void Dispose() => _bench.Dispose();

    private static void Answer(Action work)
    {
        try
        {
            work();
        }
        catch (KexecSignException refused)
        {
            refused.Message.ShouldNotContain("\n");
        }
    }

    private byte[] Damaged(string damage)
    {
        TestImage image = TestImage.Arm64();
        uint end = (uint)image.Bytes.Length;
        TestImage damaged = damage switch
        {
            "certificate address 0xfffffff8" => image.Certificates(0xFFFFFFF8, 8),
            "certificate size 0xffffffff" => image.Append(new byte[64]).Certificates(end, 0xFFFFFFFF),
            "65535 sections" => image.U16(image.Pe + 6, 0xFFFF),
            "raw pointer 0xffffffff" => image.SectionField(1, 20, 0xFFFFFFFF),
            "raw size 0xffffffff" => image.SectionField(1, 16, 0xFFFFFFFF),
            "SizeOfHeaders 0" => image.OptionalField(60, 0),
            "SizeOfHeaders small" => image.OptionalField(60, 0x80),
            "SizeOfHeaders 0xffffffff" => image.OptionalField(60, 0xFFFFFFFF),
            "directories 0xffffffff" => image.OptionalField(108, 0xFFFFFFFF),
            "e_lfanew huge" => image.U32(0x3C, 0x7FFFFFF0),
            "cut to 200" => image.CutTo(200),
            "cut inside .text" => image.CutTo(0x1800),
            "certificates in headers" => image.Certificates(0x200, 0x100),
            "certificates in sections" => image.Certificates(0x2000, 0x100),
            "certificates at the last 8 bytes" => image.Certificates(end - 8, 8),
            "dwLength 0" => image.Append(new byte[64]).Certificates(end, 64),
            "dwLength 7" => image.Append([7, .. new byte[63]]).Certificates(end, 64),
            "no sections" => image.U16(image.Pe + 6, 0),
            "no directories" => image.OptionalField(108, 0),
            "4 directories" => TestImage.Arm64(directories: 4),
            _ => throw new ArgumentOutOfRangeException(nameof(damage), damage, null),
        };
        return damaged.Bytes;
    }
}
