using KexecSign.Cli.Output;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Core;
using KexecSign.Formats.Errors;

namespace KexecSign.Cli.Tests.Output;

public sealed class TerminalViewTests
{
    private static readonly string Hash = new('a', 64);

    private static readonly Operation Verify = FakeOperations.Named("verify", (_, _) => new("the title", 7, ExitCode.Done));

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(120)]
    public void A_hash_is_never_broken(int width)
    {
        Shown(width, new("", ["file", "digest", "signer"], [["vmlinuz.efi", "sha256 " + Hash, "CN=Example Secure Boot 2026"]])).ShouldContain(Hash);
        Shown(width, ReportTable.Fields("", ("authenticode sha256", Hash))).ShouldContain(Hash);
        Shown(width, new("", ["as", "answer", "reason"], [["firmware", "refuses", "the digest " + Hash + " is not that of the image"]])).ShouldContain(Hash);
    }

    [Fact]
    public void A_hash_that_does_not_fit_behind_its_name_has_a_line_of_its_own() =>
        Shown(80, ReportTable.Fields("", ("authenticode sha256", Hash), ("size", "7")))
            .ShouldBe($"  authenticode sha256\n    {Hash}\n  size                 7\n");

    [Fact]
    public void Errors_are_wrapped_on_a_terminal_and_one_line_elsewhere()
    {
        Operation failing = FakeOperations.Throwing(FormatErrors.OutsideFile.With(1, 2, 3).In("Image"));
        string line = Session.Run([failing], "fail").Error;
        string wrapped = Session.Run([failing], s => s with { ErrorIsTerminal = true, Width = 40 }, "fail").Error;
        wrapped.Split('\n').ShouldAllBe(part => part.Length <= 40);
        wrapped.ReplaceLineEndings(" ").ShouldBe(line.ReplaceLineEndings(" "));
    }

    [Fact]
    public void A_table_that_is_too_wide_is_shown_row_by_row() =>
        Shown(79, new("", ["file", "digest", "signer"], [["a", Hash, "x"], ["b", Hash, "y"]]))
            .ShouldBe($"  file    a\n  digest  {Hash}\n  signer  x\n\n  file    b\n  digest  {Hash}\n  signer  y\n");

    [Fact]
    public void Prose_in_the_last_column_is_wrapped_between_words() =>
        Shown(50, new("", ["as", "answer", "reason"], [["shim", "refuses", "the certificate table ends behind the file's end"]]))
            .ShouldBe("  as    answer   reason\n  shim  refuses  the certificate table ends behind\n                 the file's end\n");

    [Fact]
    public void Values_stand_behind_their_names_without_a_box() =>
        Shown(80, ReportTable.Fields("", ("size", "7"), ("architecture", "arm64"))).ShouldBe("  size          7\n  architecture  arm64\n");

    [Fact]
    public void Verdicts_have_colours_and_words()
    {
        string shown = Shown(80, new("", ["as", "answer"], [["firmware", "accepts"], ["kexec", "refuses"], ["ima", "does not check"]]), colours: true);
        shown.ShouldContain("\e[32maccepts\e[0m");
        shown.ShouldContain("\e[1;31mrefuses\e[0m");
        shown.ShouldContain("\e[33mdoes not check\e[0m");
    }

    [Fact]
    public void Colours_are_for_a_terminal_whose_user_wants_them()
    {
        Session.Run([Verify], s => s with { OutputIsTerminal = true }, "verify").Output.ShouldContain("\e[1mthe title\e[0m");
        Session.Run([Verify], "verify").Output.ShouldNotContain('\e');
        foreach (string variable in (string[])["NO_COLOR", "TERM"])
        {
            Session.Run([Verify], s => s with { OutputIsTerminal = true, Environment = name => name == variable ? "dumb" : null }, "verify")
                .Output.ShouldNotContain('\e');
        }
    }

    [Fact]
    public void With_json_it_is_the_terminal_of_standard_error_that_counts()
    {
        Session.Run([Verify], s => s with { ErrorIsTerminal = true }, "verify", "--json").Error.ShouldContain('\e');
        Session.Run([Verify], s => s with { OutputIsTerminal = true }, "verify", "--json").Error.ShouldNotContain('\e');
    }

    private static string Shown(int width, ReportTable table, bool colours = false)
    {
        using var text = new StringWriter { NewLine = "\n" };
        new TerminalView(text, width, colours).Write(new("", [table], []));
        return text.ToString();
    }
}
