namespace KexecSign.Files;

/// <summary>For a face whose process has to end although something in it cannot be stopped.</summary>
public static class UnfinishedFiles
{
    /// <summary>Takes away what the process has not finished writing, and ends it without waiting for anything.</summary>
    public static void EndProcess(int exitCode)
    {
        Leftovers.RemoveUnfinished();
        Libc.ExitNow(exitCode);
    }
}
