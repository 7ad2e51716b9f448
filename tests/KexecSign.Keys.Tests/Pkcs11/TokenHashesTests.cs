using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Keys.Pkcs11;

namespace KexecSign.Keys.Tests.Pkcs11;

public sealed class TokenHashesTests
{
    [Theory]
    [InlineData("SHA384", "", null)]
    [InlineData("SHA384", "SHA256 SHA384", null)]
    [InlineData("SHA384", "SHA256 SHA512", "SHA512")]
    [InlineData("SHA384", "SHA256 SHA512 SHA3-256 SHA3-512", "SHA512")]
    [InlineData("SHA384", "SHA256", null)]
    [InlineData("SHA384", "SHA3-512", null)]
    [InlineData("SHA256", "SHA384 SHA512", "SHA384")]
    [InlineData("SHA512", "SHA256 SHA384", null)]
    public void Another_hash_is_signed_unasked_only_where_the_usual_one_is_not_named_and_it_is_longer(string usual, string named, string? instead) =>
        (TokenHashes.Instead(Names(named), new(usual)) is { } found ? found.Name : null).ShouldBe(instead);

    [Fact]
    public void A_message_tells_what_is_named_or_that_nothing_is()
    {
        TokenHashes.Told([HashAlgorithmName.SHA256, HashAlgorithmName.SHA3_512]).ShouldEndWith("name are sha256, sha3-512");
        TokenHashes.Told([]).ShouldBe("its mechanisms name no hash");
    }

    private static ImmutableArray<HashAlgorithmName> Names(string named) =>
        [.. named.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => new HashAlgorithmName(name))];
}
