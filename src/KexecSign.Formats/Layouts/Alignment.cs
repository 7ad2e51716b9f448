namespace KexecSign.Formats.Layouts;

/// <summary>Rounding of offsets and sizes, in bytes, checked against overflow.</summary>
public static class Alignment
{
    /// <summary>The next multiple of <paramref name="alignment"/> that is not below <paramref name="value"/>.</summary>
    public static long Up(long value, long alignment) => checked((value + alignment - 1) / alignment * alignment);

    /// <summary>Whether <paramref name="value"/> is a multiple of <paramref name="alignment"/>.</summary>
    public static bool Holds(long value, long alignment) => value % alignment == 0;
}
