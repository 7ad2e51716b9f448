using KexecSign.Fixtures;

namespace KexecSign.Line.Tests;

/// <summary>Attributes of files that only privilege sets, asked for by somebody who has none.</summary>
public sealed class AttributeTests : IDisposable
{
    private const string Nobody = "65534";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public void An_attribute_that_may_not_be_set_ends_the_run_with_its_name_and_the_way_out()
    {
        string file = _folder.File("file", "content"u8);
        File.SetUnixFileMode(
            _folder.Path,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Answer answer = AsNobody("ima", "hash", file, "--xattr", "security");
        Skip.If(answer.Exit == 127, "nobody may not start the program where it was built");
        answer.Exit.ShouldBe(1, answer.Error);
        string line = answer.Error.Split('\n').Where(text => text.Contains("KS3862", StringComparison.Ordinal)).ShouldHaveSingleItem(answer.Output + answer.Error);
        line.ShouldContain("security.ima was not set: ");
        line.ShouldContain("needs root");
    }

    private static Answer AsNobody(params string[] arguments)
    {
        if (!Environment.IsPrivilegedProcess)
            return KexecSignProgram.Run(arguments);
        Tool.Require("setpriv");
        return KexecSignProgram.RunAs(
            "setpriv", [$"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "--", ProgramUnderTest.Path, .. arguments]);
    }
}
