namespace KexecSign.Cli.Terminal;

/// <summary>Version of this program.</summary>
internal static class ProgramVersion
{
    /// <summary>Three numbers.</summary>
    public static string Number => typeof(ProgramVersion).Assembly.GetName().Version!.ToString(3);
}
