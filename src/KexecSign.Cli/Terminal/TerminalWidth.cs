using System.Runtime.InteropServices;

namespace KexecSign.Cli.Terminal;

/// <summary>
/// Columns of the terminal behind a standard stream. <see cref="Console.WindowWidth"/> would know too, but sets up the
/// terminal's keyboard for it, which takes time and writes escape sequences.
/// </summary>
internal static partial class TerminalWidth
{
    // TIOCGWINSZ of asm-generic/ioctls.h, the same on x86, arm64 and riscv.
    private const nuint GetWindowSize = 0x5413;
    private const int StandardOutput = 1, StandardError = 2, Narrowest = 40;

    /// <summary>Where there is no terminal to ask.</summary>
    public const int Usual = 80;

    public static int OfStandardOutput() => Of(StandardOutput);

    public static int OfStandardError() => Of(StandardError);

    private static int Of(int descriptor) =>
        Ioctl(descriptor, GetWindowSize, out WindowSize size) == 0 && size.Columns > 0 ? Math.Max((int)size.Columns, Narrowest) : Usual;

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Ioctl(int descriptor, nuint request, out WindowSize size);

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort Width;
        public ushort Height;
    }
}
