using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Formats.Uki;

namespace KexecSign.Formats.Tests.Uki;

/// <summary>What a policy may be bound to, and how.</summary>
public sealed class PolicyReferenceTests
{
    [Fact]
    public void The_digest_of_the_word_is_signed_behind_that_of_the_policy()
    {
        byte[] policy = [1, 2, 3];
        PolicyReference.Bind(policy, "initrd").ShouldBe([1, 2, 3, .. SHA256.HashData("initrd"u8)]);
        PolicyReference.Bind(policy, null).ShouldBe(policy);
        PolicyReference.Bind(policy, "").ShouldBe(policy);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("initrd", "initrd")]
    [InlineData("für alles", "für alles")]
    public void Text_is_taken_and_nothing_is_none(string? given, string? taken) => PolicyReference.Checked(given).ShouldBe(taken);

    [Theory]
    [InlineData("a\nb", "0x3")]
    [InlineData("a\0", "0x2")]
    [InlineData(256, "0x100")]
    public void What_is_no_word_is_refused(object given, string told) =>
        Refusal.Of("KS1728", () => PolicyReference.Checked(given is int length ? new string('x', length) : (string)given), told, "0xff");
}
