using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Shells;

/// <summary>The completion scripts, asked as each shell asks them.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public CompletionTests() => File.CreateSymbolicLink(_folder.At("kexecsign"), ProgramUnderTest.Path);

    [SkippableTheory]
    [InlineData("kexecsign ver", "verify")]
    [InlineData("kexecsign zboot re", "repack")]
    [InlineData("kexecsign build --comp", "--compression")]
    [InlineData("kexecsign build --compression z", "zstd")]
    public void Bash_completes(string line, string expected) => Bash(line).ShouldBe([expected]);

    [SkippableFact]
    public void Bash_is_left_the_names_of_files_where_a_file_may_stand() => Bash("kexecsign verify ").ShouldBeEmpty();

    [SkippableTheory]
    [InlineData("ver", "verify")]
    [InlineData("zboot re", "repack")]
    [InlineData("build --comp", "--compression")]
    public void Zsh_completes(string line, string expected)
    {
        string[] words = line.Split(' ');
        // What zsh's completion system gives a function, and takes from it.
        string script = $$"""
            compdef() { : }
            compadd() { shift; print -l -- "${(@M)@:#${PREFIX}*}" }
            _files() { print FILES }
            source '{{Script("zsh")}}'
            words=(kexecsign {{string.Join(' ', words.Select(word => $"'{word}'"))}}); CURRENT={{words.Length + 1}}; PREFIX='{{words[^1]}}'
            _kexecsign
            """;
        Lines("zsh", "-f", "-c", Path(script)).ShouldBe([expected]);
    }

    [SkippableTheory]
    [InlineData("kexecsign ver", "verify")]
    [InlineData("kexecsign zboot re", "repack")]
    [InlineData("kexecsign build --comp", "--compression")]
    [InlineData("kexecsign build --compression z", "zstd")]
    public void Fish_completes(string line, string expected)
    {
        Tool.Require("fish");
        string script = $"set -x PATH {_folder.Path} $PATH; source '{Script("fish")}'; complete -C '{line}'";
        Lines("env", "HOME=" + _folder.Path, "fish", "--no-config", "-c", script).Select(found => found.Split('\t')[0]).ShouldContain(expected);
    }

    [Fact]
    public void A_shell_without_a_script_is_told_those_that_have_one()
    {
        Answer answer = KexecSignProgram.Run("completion", "tcsh");
        answer.Exit.ShouldBe(2);
        answer.Error.ShouldContain("bash, zsh, fish");
    }

    public void Dispose() => _folder.Dispose();

    private string[] Bash(string line)
    {
        string script = $$"""
            source '{{Script("bash")}}'
            COMP_LINE='{{line}}'; COMP_POINT=${#COMP_LINE}
            read -ra COMP_WORDS <<<"$COMP_LINE"
            [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _kexecsign
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        return Lines("bash", "-c", Path(script));
    }

    private string Path(string script) => $"export PATH='{_folder.Path}':$PATH\n{script}";

    private static string[] Lines(string tool, params string[] arguments) => Tool.Run(tool, arguments).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private string Script(string shell) => _folder.File("script." + shell, System.Text.Encoding.UTF8.GetBytes(KexecSignProgram.Succeed("completion", shell).Output));
}
