namespace KexecSign.Files;

/// <summary>How many files the process may have open at a time (getrlimit(2), RLIMIT_NOFILE).</summary>
internal static class OpenFiles
{
    private const int NumberOfFiles = 7;
    private const long Usual = 1024;

    /// <summary>The limit that holds.</summary>
    public static unsafe long Limit
    {
        get
        {
            ulong* limits = stackalloc ulong[2];
            return Libc.ResourceLimit(NumberOfFiles, limits) == 0 ? (long)Math.Min(limits[0], int.MaxValue) : Usual;
        }
    }
}
