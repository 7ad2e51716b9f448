using KexecSign.Commands.Ima;
using KexecSign.Fixtures;
using KexecSign.Ima;

namespace KexecSign.Tests.Ima;

/// <summary>Names and numbers that IMA's files and values have no place for.</summary>
public sealed class ImaNamesTests : IDisposable
{
    private readonly Bench _bench = new();

    [Fact]
    public void A_manifest_has_no_name_of_two_lines() =>
        Refusal.Of("KS3921", () => ImaManifest.Write(_bench.Folder.At("a.manifest"), [("one\ntwo", "00")], _bench.Context), "one\\ntwo");

    [Theory]
    [InlineData("nothex")]
    [InlineData("0x123456789")]
    [InlineData("0")]
    public void A_key_id_is_eight_hex_digits(string keyId) =>
        Refusal.Of("KS3853", () => ImaIdentity.Open("ima sign", _bench.Identity(TestSigners.Rsa2048), keyId, _bench.Context), keyId);

    [Fact]
    public void Metadata_is_not_covered_where_there_is_no_IMA_value() =>
        Refusal.Of("KS3861", () => EvmSignOperation.Covered(_bench.Folder.File("plain", new byte[1]), new() { Xattr = "user" }), "user.ima");

    public void Dispose() => _bench.Dispose();
}
