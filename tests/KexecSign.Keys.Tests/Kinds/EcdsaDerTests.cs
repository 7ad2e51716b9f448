using KexecSign.Keys.Kinds;

namespace KexecSign.Keys.Tests.Kinds;

public sealed class EcdsaDerTests
{
    [Theory]
    // r has its top bit set and needs a zero in front; s does not.
    [InlineData("ff01" + "7f02", "3009" + "020300ff01" + "02027f02")]
    // Leading zeros go; one number is a single byte.
    [InlineData("0000" + "0001", null)]
    [InlineData("0001" + "0080", "3007" + "020101" + "02020080")]
    [InlineData("0000000000000001" + "00000000000000ff", "3007" + "020101" + "020200ff")]
    public void Converts_raw_numbers_to_DER(string raw, string? der)
    {
        byte[]? converted = EcdsaDer.FromRaw(Convert.FromHexString(raw));
        (converted is null ? null : Convert.ToHexStringLower(converted)).ShouldBe(der);
    }

    // RFC 6979 A.2.5, P-256, SHA-256, message "sample".
    [Fact]
    public void Converts_the_vector_of_RFC_6979()
    {
        const string R = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
        const string S = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
        Convert.ToHexStringLower(EcdsaDer.FromRaw(Convert.FromHexString(R + S))!).ShouldBe("3046022100" + R + "022100" + S);
    }
}
