using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Uki;

namespace KexecSign.Formats.Tests.Uki;

/// <summary>The JSON of signed policies and of those that are to be signed; whether systemd writes the same is for the operation's tests.</summary>
public sealed class PcrSignaturesTests
{
    private static readonly string Policy = new('a', 64);

    [Fact]
    public void Signatures_come_back_as_they_went_in()
    {
        PcrSignature[] signatures = [new("sha1", "aa", "bb", new byte[] { 1, 2 }), new("sha256", "cc", "dd", new byte[] { 3 }, "initrd")];
        ImmutableArray<PcrSignature> read = PcrSignatures.Read((byte[])[.. PcrSignatures.Write(signatures), (byte)' ', 0, 0]);
        read.Select(s => (s.Bank, s.KeyFingerprint, s.Policy, Convert.ToHexString(s.Signature.Span), s.Reference))
            .ShouldBe([("sha1", "aa", "bb", "0102", null), ("sha256", "cc", "dd", "03", "initrd")]);
    }

    [Fact]
    public void An_entry_without_a_signature_says_what_is_to_be_signed()
    {
        PcrSignature bound = new("sha256", "", Policy, default, "initrd");
        string bytes = Policy + Convert.ToHexStringLower(SHA256.HashData("initrd"u8));
        string text = Encoding.UTF8.GetString(PcrSignatures.Write([bound, bound with { Reference = null, KeyFingerprint = "cc" }]));
        text.ShouldBe($$"""{"sha256":[{"pcrs":[11],"ref":"initrd","pol":"{{Policy}}","tbs":"{{bytes}}"},{"pcrs":[11],"pkfp":"cc","pol":"{{Policy}}","tbs":"{{Policy}}"}]}""");
        PcrSignatures.Read(Encoding.UTF8.GetBytes(text)).ShouldAllBe(s => s.Signature.IsEmpty);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"sha256\":[{\"pcrs\":[11],\"pkfp\":\"a\",\"pol\":null,\"sig\":\"\"}]}")]
    [InlineData("{\"sha256\":[{}]}")]
    [InlineData("{\"sha256\":[{\"pcrs\":[11],\"pkfp\":\"a\",\"pol\":\"b\",\"sig\":\"!\"}]}")]
    [InlineData("{\"sha256\":[{\"pcrs\":[\"x\"],\"pkfp\":\"a\",\"pol\":\"b\",\"sig\":\"\"}]}")]
    [InlineData("{\"sha256\":[{\"pcrs\":[11],\"pol\":\"b\",\"sig\":\"\"}]}")]
    [InlineData("{\"sha256\":[{\"pcrs\":[11],\"pkfp\":\"a\",\"pol\":\"b\",\"tbs\":\"b\"}]}")]
    [InlineData("{\"sha256\":[{\"pcrs\":[11],\"pkfp\":\"a\",\"pol\":\"b\",\"sig\":\"\",\"ref\":1}]}")]
    [InlineData("{\"sha256\":[{\"pcrs\":[11],\"pkfp\":\"a\",\"pol\":\"b\",\"sig\":\"\",\"ref\":\"\\u0001\"}]}")]
    public void Refuses_other_JSON(string text) => Refusal.Of("KS1720", () => PcrSignatures.Read(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Refuses_bytes_to_be_signed_that_are_not_those_of_the_policy() =>
        Refusal.Of("KS1720", () => PcrSignatures.Read(Encoding.UTF8.GetBytes($$"""{"sha1":[{"pcrs":[11],"ref":"x","pol":"{{Policy}}","tbs":"{{Policy}}"}]}""")), "'tbs'");
}
