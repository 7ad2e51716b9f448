using System.Buffers.Binary;
using System.Text;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Uki;

/// <summary>Finds a kernel's version (uname -r) in its bytes.</summary>
public static class KernelVersionText
{
    private const int ChunkSize = 1 << 20;
    private const int SetupBase = 0x200;
    private const int VersionPointer = 0x20E;

    /// <summary>
    /// The version: of a bzImage from the string its setup header points to (Documentation/arch/x86/boot.rst, kernel_version), of an
    /// uncompressed kernel from its banner; null when neither is there.
    /// </summary>
    public static string? Find(Layout kernel) =>
        Kernel.BzImage.TryParse(kernel.ReadBytes(0, Math.Min(kernel.Length, 0x264))) is null ? InBanner(kernel) : InSetup(kernel);

    private static string? InSetup(Layout kernel)
    {
        ushort pointer = BinaryPrimitives.ReadUInt16LittleEndian(kernel.ReadBytes(VersionPointer, 2));
        long at = SetupBase + (long)pointer;
        return pointer == 0 || at >= kernel.Length
            ? null
            : Word(kernel.ReadBytes(at, Math.Min(KernelVersionSearch.Longest, kernel.Length - at)));
    }

    private static string? InBanner(Layout kernel)
    {
        var search = new KernelVersionSearch();
        byte[] chunk = new byte[(int)Math.Min(ChunkSize, kernel.Length)];
        for (long at = 0; at < kernel.Length && search.Found is null; at += chunk.Length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, kernel.Length - at));
            kernel.Read(at, part);
            search.Add(part);
        }
        return search.Found;
    }

    internal static string? Word(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOfAny((byte)' ', (byte)0);
        return end is > 0 and < KernelVersionSearch.Longest && text[0] is >= (byte)'0' and <= (byte)'9'
            && !text[..end].ContainsAnyExceptInRange((byte)'!', (byte)'~')
            ? Encoding.ASCII.GetString(text[..end])
            : null;
    }
}
