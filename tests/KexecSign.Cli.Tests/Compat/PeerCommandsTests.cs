using KexecSign.Cli.Commands;
using KexecSign.Cli.Compat;
using KexecSign.Formats.Errors;

namespace KexecSign.Cli.Tests.Compat;

/// <summary>By which name other signers' commands are answered; what they do is judged in tests/Line and tests/Callers.</summary>
public sealed class PeerCommandsTests
{
    [Fact]
    public void The_program_answers_by_its_own_name_and_by_that_of_a_link()
    {
        PeerCommands.Of("/usr/bin/sbsign", ["Image"]).ShouldNotBeNull().Words.ShouldBe(["Image"]);
        PeerCommands.Of("/usr/bin/kexecsign", [PeerNames.Word, "sbsign", "Image"]).ShouldNotBeNull().Words.ShouldBe(["Image"]);
        PeerCommands.Of("/usr/bin/kexecsign", ["sign", "Image"]).ShouldBeNull();
    }

    [Theory]
    [InlineData("--output", "--key", "db.key", "--output")]
    [InlineData("--output", "-o")]
    [InlineData("--output", "-vo")]
    public void An_option_without_its_value_is_told_by_its_name(string option, params string[] words)
    {
        PeerCommand sbsign = PeerCommands.Named("sbsign").ShouldNotBeNull();
        KexecSignException refused = Should.Throw<KexecSignException>(() => PeerArguments.Read(sbsign, words));
        refused.Message.ShouldStartWith($"KS3857: option '{option}' of sbsign needs a value.");
        refused.Message.ShouldContain("sbsign --help");
    }

    [Theory]
    [InlineData("KS3854: 'signtool'", "signtool")]
    [InlineData("KS3854: ''", "")]
    [InlineData("KS3030: 'as' is followed by the name of a command")]
    public void A_name_that_it_does_not_answer_to_is_refused_and_none_is_asked_for(string begins, params string[] name)
    {
        KexecSignException refused = Should.Throw<KexecSignException>(() => PeerCommands.Of("kexecsign", [PeerNames.Word, .. name]));
        refused.Message.ShouldStartWith(begins);
        refused.Message.ShouldContain("sbsign");
    }
}
