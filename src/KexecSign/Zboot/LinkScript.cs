using System.Text;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;

namespace KexecSign.Zboot;

/// <summary>
/// Whether a link script only arranges what the linker is given. A script is a program for the linker, and INPUT(/some/secret) in one
/// copies a file of this machine into the image; so of the language there is only what the kernel's zboot.lds uses.
/// </summary>
internal static class LinkScript
{
    // What may stand in front of a parenthesis: commands and functions without file names, and '*', all files that were given.
    private static readonly string[] Calls =
    [
        "*", "ENTRY", "PROVIDE", "PROVIDE_HIDDEN", "HIDDEN", "ABSOLUTE", "ALIGN", "SIZEOF", "ADDR", "LOADADDR", "DEFINED", "MAX", "MIN",
        "KEEP",
        "BYTE", "SHORT", "LONG", "QUAD",
    ];

    // Commands that take what follows without a parenthesis.
    private static readonly string[] Refused =
        ["INCLUDE", "INSERT", "INPUT", "GROUP", "AS_NEEDED", "OUTPUT", "SEARCH_DIR", "STARTUP", "TARGET", "VERSION", "MEMORY", "PHDRS"];

    /// <summary>Raises KS3757 at the first thing that a stub's script has no need of.</summary>
    /// <param name="script">The script.</param>
    /// <param name="name">Its name in the kit, for the message.</param>
    public static void Require(ReadOnlySpan<byte> script, string name)
    {
        string previous = "";
        foreach ((string token, int line) in Tokens(Encoding.Latin1.GetString(script), name))
        {
            bool refused = Refused.Contains(token)
                || token[0] is '"' or '\\' or '@'
                || token is "(" && (previous is ")" || (IsWord(previous) && !Calls.Contains(previous)))
                || token is "*" && previous is ":"
                || token is "{" && IsWord(previous) && previous != "SECTIONS";
            if (refused)
                throw Wrong(name, line, IsWord(previous) && token is "(" or "{" ? previous : token);
            previous = token;
        }
    }

    private static IEnumerable<(string Token, int Line)> Tokens(string text, string name)
    {
        int line = 1;
        for (int at = 0; at < text.Length;)
        {
            char here = text[at];
            if (here == '\n')
                line++;
            if (char.IsWhiteSpace(here))
            {
                at++;
                continue;
            }
            int end = at + 1;
            if (here == '/' && end < text.Length && text[end] == '*')
            {
                int close = text.IndexOf("*/", end + 1, StringComparison.Ordinal);
                if (close < 0)
                    throw Wrong(name, line, "a comment without an end");
                line += text.AsSpan(at, close - at).Count('\n');
                at = close + 2;
                continue;
            }
            while (IsWordCharacter(here) && end < text.Length && IsWordCharacter(text[end]) && !text.AsSpan(end).StartsWith("/*"))
                end++;
            yield return (text[at..end], line);
            at = end;
        }
    }

    // Names of files may hold all of these, so that "dir/secret(.data)" and "lib.a:x.o(.data)" are words in front of a parenthesis.
    private static bool IsWordCharacter(char character) =>
        char.IsAsciiLetterOrDigit(character) || character is '_' or '.' or '$' or '/' or '\\' or '~' or '*' or '?' or '[' or ']' or '!'
            or '^' || character > '\x7e';

    private static bool IsWord(string token) => token.Length > 0 && IsWordCharacter(token[0]);

    private static KexecSignException Wrong(string name, int line, string what) => OperationErrors.KitScript.With(name, line, what);
}
