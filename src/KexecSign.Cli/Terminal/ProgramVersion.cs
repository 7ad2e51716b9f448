namespace KexecSign.Cli.Terminal;

/// <summary>Version of this program.</summary>
internal static class ProgramVersion
{
    /// <summary>Version and commit.</summary>
    public static string Number => ToolVersion.Number;
}
