using System.Security.Cryptography;

namespace KexecSign.Tests.Outputs;

/// <summary>
/// What the product writes is byte for byte what it was: a change of the code that is meant to change nothing is red here when it does.
/// Images that are in use carry signatures over these bytes, plans keep what they have by them, and others build them again to compare;
/// so a change on purpose needs a line in CHANGELOG.md that says which outputs differ and why. To renew a digest, take the one that the
/// failure shows. What a key signs is not here, because keys are made for each run (they are judged by other tools), nor what ld or the
/// machine's libdeflate makes, which differs from machine to machine.
/// </summary>
public sealed class OutputDigestTests : IDisposable
{
    private readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("a section added", "de401b9011f1088895fd644289fad27854d7b605142fc9d03eeb0b9fa36fb6ba")]
    [InlineData("pe normalize", "c27a3cf58200bbf4318befac01134906dd79b0cadaaf756f93974a6c58ac7186")]
    [InlineData("signatures remove", "d00e8ac158313c6ca0900866d4a3d1e052c598f20a9dd07febdddc59de78d3d0")]
    [InlineData("sbat rows put in", "01efc6e68810f17b06b7a0d47686697049e6c37a577b142c510c4b3f12fd5ac5")]
    [InlineData("bpf embed", "c74b9baa0e2dd4d8caa3b95020d7611f3b7c9ff2a0cf3c49935c460497d4202e")]
    [InlineData("bpf extract", "50ada93f719b28c9ef3a6e02fa86a995287b7b4c1dffe681f7c6068a42404098")]
    [InlineData("a parser ELF", "86604e6ade5a83a7d453e9ddc5c2210f69de7ac07c03e04408695a10b35bd810")]
    [InlineData("an image envelope", "065f3e204c4dfd2e4e8e95231f7e49e314b53e2e6e1913a4dfc4a6c4c2157bb6")]
    [InlineData("uki build", "4f1c5318d64bce75c63954b8b86c2a996318c3ef9fce96a1571062f3c3e6aff8")]
    [InlineData("uki measure", "7513392badb71d0d25c7a88c92b233e2136d4782e8f0fcb3cfd0d244ba0c10ae")]
    [InlineData("uki update", "11cfaf3995d3a9687bed15c95f2d7080735afbb6d597137191dd86ea3aa9ca12")]
    [InlineData("addon build for x86_64", "b50ad43760260859b5ce363fb101e886d95c254457d021bcd24c34ac5e61e642")]
    [InlineData("addon build for arm64", "bf9951efb6a74cc082673605d6cd09a04a8899be34d70206138307b134a629c6")]
    [InlineData("addon build for riscv64", "864cbc4313e4a33796fb3e194f8ca0a17322209f88e8f60ff0a5778087457cbf")]
    [InlineData("zboot extract", "acaa977981b956082e752dcf8019f7f6136364625c123159c3f85629cfc5dc48")]
    [InlineData("zboot repack", "2b693b4a7b46099f6d98008db8af1e2db09a11a89419207c739383080da0c365")]
    [InlineData("zstd at level 22", "c9fecce0baf2cf8f18ac8db17fa50467058df8db9284b7674fe92cb9a20d19fb")]
    [InlineData("ima hash", "47722194142eb9c98c9aa129a92c311a4b304ff26092558ca86c766b393cfe18")]
    [InlineData("a tar with attributes", "c6eabd147e5496191ab673a05deed37fdb286bb91dd83897ba48ff3b7346fab3")]
    [InlineData("a cpio archive", "0e1c81bc17bbb478f359c94a1c227539ddd112b9d5d3ec5749178cf5d5f0ac7e")]
    public void The_bytes_are_those_of_before(string output, string sha256)
    {
        string found = Convert.ToHexStringLower(SHA256.HashData(FixedOutputs.All[output](_bench)));
        found.ShouldBe(sha256, $"'{output}' changed; on purpose? Then write {found} here and what differs into CHANGELOG.md");
    }

    [Fact]
    public void Every_output_of_the_set_has_its_digest()
    {
        IEnumerable<string> held = typeof(OutputDigestTests).GetMethod(nameof(The_bytes_are_those_of_before))!
            .GetCustomAttributes(typeof(InlineDataAttribute), inherit: false).Cast<InlineDataAttribute>()
            .SelectMany(row => row.GetData(null!)).Select(row => (string)row[0]);
        held.Order(StringComparer.Ordinal).ShouldBe(FixedOutputs.All.Keys.Order(StringComparer.Ordinal));
    }
}
