using KexecSign.Core.Operations;

namespace KexecSign.Cli.Tests.Commands;

public sealed class WrongUsageTests
{
    private static readonly Operation[] Operations =
    [
        FakeOperations.Named("sign", keyRequired: true), FakeOperations.Named("zboot kit"), FakeOperations.Named("zboot build"),
        FakeOperations.Single((_, _) => throw new InvalidOperationException()), FakeOperations.With("link"), FakeOperations.With("compare", "A", "B"),
    ];

    [Theory]
    [InlineData("KS3030: 'help-pages' takes one FOLDER.", "help-pages")]
    [InlineData("KS3030: 'man-pages' takes one FOLDER.", "man-pages", "--nonsense")]
    [InlineData("KS3031: there is no command 'sgin'; did you mean 'sign'?", "sgin", "x")]
    [InlineData("KS3031: there is no command 'frobnicate'.", "frobnicate")]
    [InlineData("KS3030: 'zboot' is followed by a second word: kit, build.", "zboot")]
    [InlineData("KS3031: there is no command 'zboot biuld'; did you mean 'zboot build'?", "zboot", "biuld")]
    [InlineData("KS3010: 'sign' needs --key KEY.", "sign", "Image")]
    [InlineData("KS3031: there is no command 'sgni'; did you mean 'sign'?", "help", "sgni")]
    [InlineData("KS3032: 'sign' has no option '--kye'; did you mean '--key'?", "sign", "Image", "--kye", "k")]
    [InlineData("KS3032: 'sign' has no option '--jsno'; did you mean '--json'?", "sign", "Image", "--jsno")]
    [InlineData("KS3032: 'sign' has no option '--unheard-of'.", "sign", "Image", "--unheard-of")]
    [InlineData("KS3032: 'sign' has no option '--repalce'; did you mean '--replace'?", "sign", "Image", "--repalce", "--key", "k")]
    [InlineData("KS3032: 'sign' has no option '--key2'; did you mean '--key'?", "sign", "Image", "--key", "k", "--key2=x")]
    [InlineData("KS3034: 'sign' takes 'key' only once.", "sign", "Image", "--key", "k", "--key", "l")]
    [InlineData("KS3037: 'sign' was given an empty value for --key.", "sign", "Image", "--key", "")]
    [InlineData("KS3037: 'sign' was given an empty value for -o.", "sign", "Image", "--key", "k", "-o", "")]
    [InlineData("KS3037: 'sign' was given an empty value for FILE.", "sign", "", "--key", "k")]
    [InlineData("KS3038: 'inspect' takes one FILE; 'b' is one more.", "inspect", "a", "b")]
    [InlineData("KS3032: 'inspect' has no option '--unheard-of'.", "inspect", "a", "--unheard-of=x")]
    [InlineData("KS3030: 'link' takes no FILE without an option's name in front of it, and 'Image' has none.", "link", "Image")]
    [InlineData("KS3030: 'compare' takes A and B, and 'c' is one more.", "compare", "a", "b", "c")]
    [InlineData("KS3030: Required argument missing for option: '--key'.", "sign", "Image", "--key")]
    public void Wrong_usage_is_one_line_and_exit_code_2(string begins, params string[] arguments)
    {
        Session session = Session.Run(Operations, arguments);
        session.Exit.ShouldBe(2);
        session.Error.ShouldStartWith(begins);
        session.Error.Split('\n').ShouldBe([session.Error.TrimEnd('\n'), ""]);
        session.Output.ShouldBeEmpty();
    }

    [Fact]
    public void Wrong_usage_is_a_document_when_json_is_asked_for()
    {
        Session session = Session.Run(Operations, "sign", "--json", "--nonsense");
        session.Exit.ShouldBe(2);
        session.Output.ShouldContain("\"code\": \"KS3032\"");
    }
}
