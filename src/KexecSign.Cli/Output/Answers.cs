using System.Text;
using KexecSign.Cli.Terminal;

namespace KexecSign.Cli.Output;

/// <summary>Writes what was asked for to standard output, whole.</summary>
internal static class Answers
{
    private const int BrokenPipe = 32;

    /// <summary>Writes a text.</summary>
    public static void Write(string text, Surroundings surroundings) => Write(Encoding.UTF8.GetBytes(text), surroundings);

    /// <summary>Writes bytes. A reader that has seen enough, as <c>head</c> has, is no error.</summary>
    public static void Write(ReadOnlySpan<byte> bytes, Surroundings surroundings)
    {
        try
        {
            surroundings.Output.Write(bytes);
            surroundings.Output.Flush();
        }
        catch (IOException closed) when ((closed.HResult & 0xffff) == BrokenPipe)
        {
            // Whoever reads has gone.
        }
    }
}
