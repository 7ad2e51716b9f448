namespace KexecSign.Fixtures;

/// <summary>
/// The program that tests of whole processes start. './build.sh --target=Test' makes the native one and names it; who runs a test alone
/// gets what that test was built with.
/// </summary>
public static class ProgramUnderTest
{
    /// <summary>Path of the program for this machine.</summary>
    public static string Path => Native ?? System.IO.Path.Combine(AppContext.BaseDirectory, "KexecSign.Cli");

    /// <summary>The native program; null where none was named.</summary>
    public static string? Native => Named("KEXECSIGN_PROGRAM");

    /// <summary>The native program for arm64; null where none was named.</summary>
    public static string? NativeArm64 => Named("KEXECSIGN_PROGRAM_ARM64");

    private static string? Named(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } path ? path : null;
}
