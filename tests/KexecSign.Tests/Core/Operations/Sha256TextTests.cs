using KexecSign.Core.Operations;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Core.Operations;

public sealed class Sha256TextTests
{
    private const string Digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Fact]
    public void Takes_what_sha256sum_and_openssl_write()
    {
        Sha256Text.Require(Digest).ShouldBe(Digest);
        Sha256Text.Require(string.Join(':', Digest.ToUpperInvariant().Chunk(2).Select(pair => new string(pair)))).ShouldBe(Digest);
    }

    [Theory]
    [InlineData("12")]
    [InlineData("g3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    public void Refuses_what_is_none(string text) => Refusal.Of("KS3763", () => Sha256Text.Require(text), $"'{text}'");
}
