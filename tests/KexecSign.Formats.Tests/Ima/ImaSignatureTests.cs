using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Formats.Ima;

namespace KexecSign.Formats.Tests.Ima;

public class ImaSignatureTests
{
    [Fact]
    public void Writes_the_header_that_the_kernel_reads()
    {
        byte[] value = new ImaSignature(ImaSignature.Digsig, 2, HashAlgorithmName.SHA256, 0xA1B2C3D4, new byte[] { 9, 8, 7 }).Encode();
        Convert.ToHexString(value).ShouldBe("030204A1B2C3D40003090807");
        ImaSignature read = ImaSignature.Decode(value);
        (read.Type, read.Version, read.Hash.Name, read.KeyId, read.Signature.Length).ShouldBe(((byte)3, (byte)2, "SHA256", 0xA1B2C3D4u, 3));
    }

    [Fact]
    public void Carries_signatures_longer_than_1024_bytes() =>
        ImaSignature.Decode(new ImaSignature(3, 2, HashAlgorithmName.SHA512, 1, new byte[5000]).Encode()).Signature.Length.ShouldBe(5000);

    [Theory]
    [InlineData("")]
    [InlineData("0302")]
    [InlineData("030204000000000000")]
    [InlineData("03000400000000000100")]
    [InlineData("03040400000000000100")]
    [InlineData("01020400000000000100")]
    [InlineData("06020400000000000100")]
    public void Refuses_other_values(string hex) => Refusal.Of("KS1401", () => ImaSignature.Decode(Convert.FromHexString(hex)));

    [Theory]
    [InlineData("0302040000000000020A", "10 bytes", "11")]
    [InlineData("0302040000000000010A0B", "11 bytes", "10")]
    [InlineData("030204000000FFFFFF0A", "10 bytes", "65544")]
    public void Refuses_a_length_that_is_not_the_rest(string hex, string there, string announced) =>
        Refusal.Of("KS1402", () => ImaSignature.Decode(Convert.FromHexString(hex)), there, announced);

    [Theory]
    [InlineData("0302020000000000010A")]
    [InlineData("0302FF0000000000010A")]
    public void Refuses_unknown_hashes(string hex) => Refusal.Of("KS1403", () => ImaSignature.Decode(Convert.FromHexString(hex)));

    [Fact]
    public void The_key_id_is_the_end_of_the_subject_key_identifier()
    {
        ImaSignature.KeyIdOf([0, 1, 2, 3, 4, 5]).ShouldBe(0x02030405u);
        Refusal.Of("KS1404", () => ImaSignature.KeyIdOf([1, 2, 3]), "3 bytes");
    }
}
