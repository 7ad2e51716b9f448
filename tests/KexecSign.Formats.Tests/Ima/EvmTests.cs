using KexecSign.Fixtures;
using KexecSign.Formats.Ima;

namespace KexecSign.Formats.Tests.Ima;

/// <summary>Portable signatures of security.evm; whole ones are judged by evmctl in the tests of 'evm sign'.</summary>
public sealed class EvmTests
{
    // evm_calc_hmac_or_hash() answers EPERM where ima_present is 0.
    [Fact]
    public void Metadata_without_security_ima_is_not_signed() =>
        Refusal.Of("KS1406", () => new EvmMetadata(0, 0, Mode: 0x81A4, [new("security.capability", new byte[20])]).Content(), "security.ima");

    [Theory]
    [InlineData("")]
    [InlineData("05")]
    [InlineData("0302041234567800010203")]
    [InlineData("0501041234567800010203")]
    public void What_is_no_portable_signature_is_refused(string value) =>
        Refusal.Of("KS1407", () => ImaSignature.DecodeEvm(Convert.FromHexString(value)), $"{value.Length / 2}");
}
