using KexecSign.Core.Operations;
using KexecSign.Core;

namespace KexecSign.Cli.Tests.Commands;

public sealed class OptionTests
{
    [Fact]
    public void Values_reach_the_options_record_by_name()
    {
        FakeOptions options = Session.Options("a", "--key", "pkcs11:object=x", "b", "--digest=sha384", "-o", "out", "--replace");
        options.Files.ShouldBe(["a", "b"]);
        options.Key.ShouldBe("pkcs11:object=x");
        options.Digest.ShouldBe("sha384");
        options.Output.ShouldBe("out");
        options.Replace.ShouldBeTrue();
    }

    [Fact]
    public void Defaults_stand_when_nothing_is_given()
    {
        FakeOptions options = Session.Options();
        options.ShouldBe(new FakeOptions());
    }

    [Fact]
    public void A_repeatable_option_takes_one_value_each_time_and_leaves_the_arguments_alone()
    {
        FakeOptions options = Session.Options("--cert", "a", "file", "--cert", "b");
        options.Certificates.ShouldBe(["a", "b"]);
        options.Files.ShouldBe(["file"]);
    }

    [Fact]
    public void Output_has_a_long_form_too() => Session.Options("--output", "x").Output.ShouldBe("x");

    [Fact]
    public void Key_and_certificate_have_short_forms()
    {
        FakeOptions options = Session.Options("Image", "-k", "pkcs11:object=x", "-c", "db.pem");
        options.Key.ShouldBe("pkcs11:object=x");
        options.Certificates.ShouldBe(["db.pem"]);
    }

    [Fact]
    public void A_value_may_begin_with_a_dash() => Session.Options("--key=-x").Key.ShouldBe("-x");

    [Fact]
    public void Behind_two_dashes_everything_is_an_argument() =>
        Session.Options("--replace", "--", "--strange", "-").Files.ShouldBe(["--strange", "-"]);

    [Fact]
    public void Global_flags_may_stand_before_and_behind_the_command()
    {
        var operation = FakeOperations.Named("zboot build", (_, context) => new(context.DryRun ? "plan" : "work", 0, ExitCode.Done));
        Session.Run([operation], "--dry-run", "zboot", "build").Output.ShouldContain("plan");
        Session.Run([operation], "zboot", "--dry-run", "build").Output.ShouldContain("plan");
        Session.Run([operation], "zboot", "build", "--dry-run").Output.ShouldContain("plan");
        Session.Run([operation], "zboot", "build").Output.ShouldContain("work");
    }

    [Fact]
    public void An_argument_that_is_given_once_is_a_value_too()
    {
        string? seen = null;
        Operation operation = FakeOperations.Single((options, _) =>
        {
            seen = options.Output;
            return new("done", 0, ExitCode.Done);
        });
        Session.Run([operation], "inspect", "Image").Output.ShouldStartWith("done");
        seen.ShouldBe("Image");
        Session.Run([operation], "inspect").Error.ShouldStartWith("KS3010: 'inspect' needs FILE.");
        Session.Run([operation], "inspect", "Image", "another").Exit.ShouldBe(2);
    }
}
