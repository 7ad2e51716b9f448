using System.Text;

namespace KexecSign.Cli.Pins;

/// <summary>Asks for a PIN on the terminal, showing nothing of it. Asked once: a wrong PIN counts towards locking the token.</summary>
internal static class PinPrompt
{
    public static string? Ask(string subject, TextWriter error)
    {
        error.Write(subject + ": ");
        // Otherwise Ctrl-C would raise the signal and leave this read waiting for a key.
        Console.TreatControlCAsInput = true;
        try
        {
            return ReadLine();
        }
        finally
        {
            Console.TreatControlCAsInput = false;
            error.WriteLine();
        }
    }

    private static string ReadLine()
    {
        var typed = new StringBuilder();
        while (true)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            switch (key)
            {
                case { Key: ConsoleKey.Enter }:
                    return typed.ToString();
                case { Key: ConsoleKey.C, Modifiers: ConsoleModifiers.Control }:
                    throw new OperationCanceledException();
                case { Key: ConsoleKey.Backspace }:
                    typed.Length = Math.Max(typed.Length - 1, 0);
                    break;
                case { KeyChar: >= ' ' }:
                    typed.Append(key.KeyChar);
                    break;
                default:
                    break;
            }
        }
    }
}
