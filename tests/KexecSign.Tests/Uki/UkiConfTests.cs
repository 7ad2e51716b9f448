using System.Text.Json;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Uki;

namespace KexecSign.Tests.Uki;

/// <summary>uki.conf as Python's configparser reads it, which ukify uses, and what is refused beyond that.</summary>
public sealed class UkiConfTests
{
    // configparser with ukify's settings.
    private const string Reader = """
        import configparser, json, sys
        cp = configparser.ConfigParser(comment_prefixes='#', inline_comment_prefixes='#', delimiters='=', empty_lines_in_values=False, interpolation=None, strict=False)
        cp.optionxform = lambda option: option
        cp.read_string(open(sys.argv[1]).read())
        print(json.dumps([[s, k, v] for s in cp.sections() for k, v in cp[s].items()]))
        """;

    [SkippableTheory]
    [InlineData("[UKI]\nCmdline=quiet\n")]
    [InlineData("# comment\n[UKI] \n  Cmdline = a=b # no more\n\n[PCRSignature:x]\nPhases=a b\n\n[UKI]\nUname=1\nCmdline=last")]
    [InlineData("[UKI]\nInitrd=\n  one\n  two\n  # between\nLinux=x")]
    [InlineData("[UKI]\nInitrd=one\n\ttwo # said\n   three\n\nSplash=s#not-a-comment\n")]
    [InlineData("[UKI]\r\nLinux=x\r\nCmdline=\"quoted\"\r\n")]
    [InlineData("[PCRSignature:a]\nPolicyRef=\n[PCRSignature:b]\nPolicyRef=initrd\n[PCRSignature:a]\nPCRPrivateKey=k")]
    public void Reads_what_configparser_reads(string text)
    {
        Tool.Require("python3");
        using var folder = new TempFolder();
        string answer = Tool.Run("python3", "-c", Reader, folder.File("uki.conf", System.Text.Encoding.UTF8.GetBytes(text)));
        string[] theirs = [.. JsonDocument.Parse(answer).RootElement.EnumerateArray().Select(e => $"{e[0]}|{e[1]}|{e[2].GetString()!.TrimStart('\n')}")];
        UkiConf.Read(text).Select(s => $"{s.Place}|{s.Key}|{s.Value}").ShouldBe(theirs, ignoreOrder: true);
    }

    [Theory]
    [InlineData("Linux=x", 1, 1, "before the first section")]
    [InlineData("[UKI]\nLinux", 2, 1, "'Linux'")]
    [InlineData("[UKI]\n\n  =x", 3, 3, "'=x'")]
    [InlineData("[UKI", 1, 1, "ends with ]")]
    [InlineData("[Uki]", 1, 1, "[Uki]")]
    [InlineData("[PCRSignature]", 1, 1, "[PCRSignature]")]
    [InlineData("[PCRSignature:a:b]", 1, 1, "[PCRSignature:a:b]")]
    [InlineData("#\n [DEFAULT]", 2, 2, "[DEFAULT]")]
    public void What_is_no_setting_is_refused_with_its_place(string text, int line, int column, string told)
    {
        KexecSignException refused = Refusal.Of("KS3686", () => UkiConf.Read(text), told);
        (refused.Line, refused.Column).ShouldBe((line, column));
    }
}
