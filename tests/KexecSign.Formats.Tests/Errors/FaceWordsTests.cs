using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Tests.Errors;

/// <summary>One error, in the words of the face that shows it.</summary>
public sealed class FaceWordsTests
{
    private static readonly ErrorCode Marked = new("KS0000", "{0} and {1} exclude each other.", "Say [option:replace], [option:digest {2}] or [run:ima sign, evm, manifest FILE].");

    [Fact]
    public void Without_a_face_it_is_the_command_line_that_speaks() =>
        Raise().Message.ShouldBe("KS0000: f: --fit and -o x exclude each other. Say --replace, --digest sha256 or 'kexecsign ima sign --evm --manifest FILE'.");

    [Fact]
    public void A_face_has_its_own_words_for_what_was_raised_before_and_on_other_threads()
    {
        KexecSignException raised = Raise();
        string elsewhere = "";
        using (FaceWords.Speak(new Loud()))
        {
            raised.Message.ShouldBe("KS0000: f: <FIT> and <O=x> exclude each other. Say <REPLACE>, <DIGEST=sha256> or 'kexecsign ima sign --evm --manifest FILE'.");
            raised.Mend.ShouldStartWith("Say <REPLACE>");
            var thread = new Thread(() => elsewhere = Raise().Message);
            thread.Start();
            thread.Join();
        }
        elsewhere.ShouldContain("<REPLACE>");
        raised.Message.ShouldContain("--replace", customMessage: "it has had its say");
    }

    [Fact]
    public void What_a_value_says_is_never_read_as_a_mark() =>
        Marked.With("[option:evil]", "[run:x]", "y").Says.ShouldBe("[option:evil] and [run:x] exclude each other.");

    private static KexecSignException Raise() => Marked.With(new NamedOption("fit"), new NamedOption("o", "x"), "sha256").In("f");

    private sealed class Loud : FaceWords
    {
        public override string Option(string name, string? value) => $"<{name.ToUpperInvariant()}{(value is null ? "" : "=" + value)}>";
    }
}
