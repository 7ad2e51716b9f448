namespace KexecSign.Files;

/// <summary>
/// The process's umask. Asking umask(2) would change it for all threads, so the kernel's own account of the process is read.
/// </summary>
internal static class CreationMask
{
    private const uint Usual = 0x12;
    private static readonly Lazy<uint> Mask = new(Read);

    /// <summary>Permission bits that new files do not get.</summary>
    public static uint Value => Mask.Value;

    private static uint Read()
    {
        try
        {
            string? line = File.ReadLines("/proc/self/status").FirstOrDefault(l => l.StartsWith("Umask:", StringComparison.Ordinal));
            return line is null ? Usual : Convert.ToUInt32(line["Umask:".Length..].Trim(), 8);
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or FormatException)
        {
            return Usual;
        }
    }
}
