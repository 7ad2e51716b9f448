using System.Text;
using System.Text.Json;
using KexecSign.Commands.Inspect;
using KexecSign.Commands.Offline;
using KexecSign.Core.Reports;
using KexecSign.Fixtures;
using KexecSign.Inspection;

namespace KexecSign.Tests.Core.Reports;

/// <summary>What a person reads is what is there.</summary>
public sealed class PrintableTests : IDisposable
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData("plain text, Größe, 日本語, 🐧", null)]
    [InlineData("a\u001b[2Jb\u007fc\u0085", @"a\x1b[2Jb\x7fc\x85")]
    [InlineData("a\nb\tc", @"a\x0ab\x09c")]
    [InlineData("safe\u202eife.txt", @"safe\u{202e}ife.txt")]
    [InlineData("\u2066isolated\u2069\u200f", @"\u{2066}isolated\u{2069}\u{200f}")]
    [InlineData("ker\u200bnel\u200d\ufeff\u00ad", @"ker\u{200b}nel\u{200d}\u{feff}\u{ad}")]
    [InlineData("two\u2028lines\u2029", @"two\u{2028}lines\u{2029}")]
    [InlineData("a\u00a0b\u3000c\u2800\u3164", @"a\u{a0}b\u{3000}c\u{2800}\u{3164}")]
    [InlineData("tag\U000E0041", @"tag\u{e0041}")]
    public void Nothing_is_hidden_and_nothing_else_is_changed(string text, string? shown)
    {
        Printable.Line(text).ShouldBe(shown ?? text);
        Printable.Hides(text).ShouldBe(shown is not null);
    }

    [Fact]
    public void Half_of_a_pair_is_shown_as_what_it_is() => Printable.Line("half" + (char)0xD800).ShouldBe(@"half\u{d800}");

    [Fact]
    public void JSON_for_people_is_the_same_document_with_escapes()
    {
        const string name = "safe\u202eife\u200b.efi\U000E0041";
        byte[] json = ReportDocument.Of(new InspectResult { File = name, Size = 1, Kind = "größe" }, InspectOperation.Definition.ResultType);
        string text = Encoding.UTF8.GetString(json);
        text.ShouldContain(@"safe\u202eife\u200b.efi\udb40\udc41", Case.Insensitive);
        text.ShouldContain("größe");
        JsonDocument.Parse(json).RootElement.GetProperty("file").GetString().ShouldBe(name);
    }

    [Fact]
    public void A_review_page_says_which_kernel_it_is_and_no_name_adds_a_line()
    {
        byte[] image = TestImage.Arm64().Bytes;
        "Linux version 6.12.41-test (builder@host) #1 SMP\0"u8.CopyTo(image.AsSpan(TestImage.SizeOfHeaders + 64));
        string inner = _bench.SignedImage(TestSigners.Rsa2048, null), bundle = _bench.Folder.At("bundle");
        File.WriteAllBytes(inner, image);
        string zboot = _bench.Folder.File("vmlinuz.efi", TestZboot.Gzip(image).Bytes);
        PrepareOperation.Definition.Run(new() { Files = [zboot], Bundle = bundle, Certificate = TestSigners.Rsa2048.CertificateFile(_bench.Folder) }, _bench.Context);
        File.ReadAllText(Path.Combine(bundle, "stage-1/review.txt")).ShouldContain("kernel         Linux version 6.12.41-test\n");
        InspectOperation.Definition.Run(new() { File = zboot }, _bench.Context).Inner!.LinuxVersion.ShouldBe("6.12.41-test");

        BundleFile file = new()
        {
            Name = "a\n  file           0 bytes, sha256 forged\u202e",
            Input = "a",
            Size = 1,
            Sha256 = "00",
            Existing = default,
            Fit = false,
            ImageDigest = "00",
            Request = "01-a",
        };
        BundleStage stage = new() { Number = 1, Level = BundleLevel.Attributes, Digest = "sha256", Certificate = new("CN=x\nCN=y", "CN=z", "1", "00", default, "RSA"), Files = [file] };
        string[] lines = ReviewText.Of(stage).Split('\n');
        lines.ShouldNotContain(line => line.StartsWith("  file           0 bytes, sha256 forged", StringComparison.Ordinal));
        lines.ShouldContain(line => line.Contains(@"CN=x\x0aCN=y", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a\u001b[2J")]
    [InlineData("a\u202eb")]
    [InlineData("a\nb")]
    public void A_bundle_takes_no_name_that_hides_something(string name)
    {
        string file = _bench.Folder.File(name, TestImage.Arm64().Bytes);
        Refusal.Of("KS3332", () => PrepareOperation.Definition.Run(
            new() { Files = [file], Bundle = _bench.Folder.At("bundle"), Certificate = TestSigners.Rsa2048.CertificateFile(_bench.Folder) }, _bench.Context), Printable.Line(name));
    }

    public void Dispose() => _bench.Dispose();
}
