using KexecSign.Fixtures;
using KexecSign.Keys.Pkcs11;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.Pkcs11;

public sealed class TokenDeadlineTests
{
    [Theory]
    [InlineData(null, 60)]
    [InlineData("", 60)]
    [InlineData("1", 1)]
    [InlineData("3600", 3600)]
    public void Takes_seconds_up_to_an_hour(string? value, int seconds) => TokenDeadline.From(_ => value).ShouldBe(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("soon")]
    [InlineData("0")]
    [InlineData("3601")]
    [InlineData("1.5")]
    public void Refuses_all_else(string value) => Refusal.Of("KS2029", () => TokenDeadline.From(_ => value)).Message.ShouldContain($"'{value}'");
}
