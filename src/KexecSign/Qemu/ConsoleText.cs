using System.Text;

namespace KexecSign.Qemu;

/// <summary>Lines of a serial console without what firmware says to a terminal: ESC [ digits ; letter.</summary>
internal static class ConsoleText
{
    /// <summary>A line for people and logs.</summary>
    public static string Plain(string line)
    {
        var text = new StringBuilder(line.Length);
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == '\e')
            {
                i = EndOf(line, i);
                continue;
            }
            if (line[i] >= ' ' && line[i] != '\x7F')
                text.Append(line[i]);
        }
        return text.ToString();
    }

    // ECMA-48: parameters and intermediate bytes up to one of '@' to '~'. What is no such sequence loses the escape alone.
    private static int EndOf(string line, int at)
    {
        if (at + 1 >= line.Length || line[at + 1] != '[')
            return at;
        for (int i = at + 2; i < line.Length; i++)
        {
            if (line[i] is >= '@' and <= '~')
                return i;
        }
        return line.Length - 1;
    }
}
