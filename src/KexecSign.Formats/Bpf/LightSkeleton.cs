using System.Globalization;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Bpf;

/// <summary>
/// The two byte arrays in the header file that <c>bpftool gen skeleton -L</c> writes. bpftool 7.1 (Debian 12) has them as
/// literals in an assignment, <c>opts.data = (void *)"..."</c> with <c>opts.data_sz</c> beside it; bpftool 7.5 has arrays,
/// <c>static const char opts_data[] __attribute__((__aligned__(8))) = "..."</c>. The kernel series' own build knows only the
/// latter.
/// </summary>
/// <param name="Data">What the loader reads, without the NUL that C adds.</param>
/// <param name="Instructions">The loader program, 8 bytes an instruction.</param>
public sealed record LightSkeleton(ReadOnlyMemory<byte> Data, ReadOnlyMemory<byte> Instructions)
{
    /// <summary>Reads a skeleton.</summary>
    /// <param name="text">The header file.</param>
    /// <exception cref="KexecSignException">KS1313, KS1320-KS1322.</exception>
    public static LightSkeleton Parse(string text)
    {
        byte[] data = Array(text, "data", "data"), instructions = Array(text, "insn", "insns");
        return instructions.Length > 0 && instructions.Length % 8 == 0
            ? new(data, instructions)
            : throw FormatErrors.BpfInstructionLength.With(instructions.Length);
    }

    private static byte[] Array(string text, string array, string field)
    {
        int literal = Literal(text, $"\n\tstatic const char opts_{array}[] ") is >= 0 and var newer
            ? newer
            : Literal(text, $"\n\topts.{field} = (void *)");
        if (literal < 0)
            throw FormatErrors.SkeletonArrayMissing.With(array, field);
        byte[] bytes = CStringLiteral.Read(text, literal, out int end);
        if (end >= text.Length || text[end] != ';')
            throw FormatErrors.SkeletonLiteral.With(text.AsSpan(0, end).Count('\n') + 1, "no semicolon follows the string literal");
        if (SizeBeside(text, field) is { } said && said != bytes.Length)
            throw FormatErrors.SkeletonSize.With(array, said, bytes.Length);
        return bytes;
    }

    // The opening quote stands on the line of the declaration.
    private static int Literal(string text, string declaration)
    {
        int at = text.IndexOf(declaration, StringComparison.Ordinal);
        if (at < 0)
            return -1;
        int lineEnd = text.IndexOf('\n', at + 1), quote = text.IndexOf('"', at + declaration.Length);
        return quote >= 0 && (lineEnd < 0 || quote < lineEnd) ? quote : -1;
    }

    private static int? SizeBeside(string text, string field)
    {
        string assignment = $"\n\topts.{field}_sz = ";
        int at = text.IndexOf(assignment, StringComparison.Ordinal);
        if (at < 0)
            return null;
        ReadOnlySpan<char> value = text.AsSpan(at + assignment.Length);
        int end = value.IndexOf(';');
        return end > 0 && int.TryParse(value[..end], NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? size : null;
    }
}
