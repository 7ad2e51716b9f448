using KexecSign.Core.Errors;

namespace KexecSign.Cli.Commands;

/// <summary>
/// Completion for shells: each script asks the program itself, so it knows what the installed version knows. Names of files
/// are left to the shell.
/// </summary>
internal static class ShellScripts
{
    /// <summary>The command that prints one.</summary>
    public const string Command = "completion";

    private const string Bash = """
        # bash completion for kexecsign; source it, or put it into /usr/share/bash-completion/completions/kexecsign
        _kexecsign()
        {
            local current=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE:0:COMP_POINT} found
            line=${line#* }
            found=$("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)
            [[ $current == -* ]] || found=$(grep -v '^-' <<<"$found")
            mapfile -t COMPREPLY < <(compgen -W "$found" -- "$current")
        }
        complete -o default -F _kexecsign kexecsign

        """;

    private const string Zsh = """
        #compdef kexecsign
        # zsh completion for kexecsign; put it as _kexecsign into a folder of $fpath
        _kexecsign()
        {
            local line="${(j: :)words[2,CURRENT]}"
            local -a found
            found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
            [[ ${words[CURRENT]} == -* ]] || found=("${(@)found:#-*}")
            found=("${(@)found:#}")
            if (( $#found )); then
                compadd -- "${found[@]}"
            else
                _files
            fi
        }
        if [[ ${funcstack[1]} == _kexecsign ]]; then
            _kexecsign "$@"
        else
            compdef _kexecsign kexecsign
        fi

        """;

    private const string Fish = """
        # fish completion for kexecsign; put it into /usr/share/fish/vendor_completions.d/kexecsign.fish
        function __kexecsign_complete
            set -l before (commandline -opc)
            set -l current (commandline -ct)
            set -l line (string join ' ' -- $before[2..-1] "$current")
            set -l found ($before[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)
            if string match -q -- '-*' "$current"
                printf '%s\n' $found
            else
                string match -v -- '-*' $found
            end
        end
        complete -c kexecsign -a '(__kexecsign_complete)'

        """;

    /// <summary>What <c>--help</c> shows.</summary>
    public const string Usage = """
        Print a script that completes command lines.

        Usage: kexecsign completion bash|zsh|fish

        Examples:
          Complete in this shell.
            source <(kexecsign completion bash)
          Complete in every zsh; the folder is one of $fpath.
            kexecsign completion zsh > /usr/share/zsh/vendor-completions/_kexecsign

        """;

    /// <summary>The shells that there is one for.</summary>
    public static readonly string[] Shells = ["bash", "zsh", "fish"];

    /// <summary>The script of a shell. Raises KS3030 for a shell that there is none for.</summary>
    public static string For(IReadOnlyList<string> arguments) => arguments switch
    {
        [_, "bash"] => Bash,
        [_, "zsh"] => Zsh,
        [_, "fish"] => Fish,
        [_, "--help" or "-h"] => Usage,
        _ => throw OperationErrors.CommandLine.With($"'{Command}' is followed by the name of a shell: {string.Join(", ", Shells)}"),
    };
}
