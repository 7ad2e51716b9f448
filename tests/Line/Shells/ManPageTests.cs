using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Shells;

public sealed class ManPageTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [SkippableFact]
    public void Every_command_has_a_page_that_man_has_nothing_to_say_about()
    {
        KexecSignProgram.Succeed("man-pages", _folder.Path);
        string[] pages = Directory.GetFiles(_folder.Path, "*.1");
        pages.Length.ShouldBeGreaterThan(25);
        foreach (string page in pages)
        {
            // Lintian's way to look for mistakes in man pages; what is wrong goes to standard error.
            ToolAnswer answer = Tool.Ask("env", "LC_ALL=C.UTF-8", "MANROFFSEQ=", "MANWIDTH=80", "man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", page);
            answer.Exit.ShouldBe(0, answer.Output);
            answer.Output.ShouldNotContain(": warning:");
            answer.Output.ShouldNotContain("<standard input>");
        }
    }

    [SkippableFact]
    public void A_page_shows_what_help_shows()
    {
        KexecSignProgram.Succeed("man-pages", _folder.Path);
        string text = Tool.Run("env", "MANWIDTH=200", "man", "-l", "-P", "cat", _folder.At("kexecsign-zboot-repack.1"));
        text.ShouldContain("kexecsign-zboot-repack - sign the kernel Image inside");
        text.ShouldContain("--signed-image FILE");
        text.ShouldContain("kexecsign zboot repack vmlinuz.efi --key 'pkcs11:token=release;object=kexec'");
        Tool.Run("env", "MANWIDTH=200", "man", "-l", "-P", "cat", _folder.At("kexecsign.1")).ShouldContain("kexecsign-module-sign(1)");
    }

    public void Dispose() => _folder.Dispose();
}
