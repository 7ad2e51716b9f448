using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;

namespace KexecSign.Compression;

/// <summary>A library that the machine has to have where none is linked in.</summary>
/// <param name="Name">Name that the loader looks for.</param>
/// <param name="Package">Debian's package of it.</param>
internal sealed record MachineLibrary(string Name, string Package)
{
    public static MachineLibrary Deflate { get; } = new("libdeflate.so.0", "libdeflate0");

    public static MachineLibrary Zstd { get; } = new("libzstd.so.1", "libzstd1");

    public static MachineLibrary Lzma { get; } = new("liblzma.so.5", "liblzma5");

    public static MachineLibrary Lz4 { get; } = new("liblz4.so.1", "liblz4-1");

    public static MachineLibrary Lzo { get; } = new("liblzo2.so.2", "liblzo2-2");

    /// <summary>KS5001.</summary>
    public KexecSignException Missing(DllNotFoundException cause) => OperationErrors.NativeLibraryMissing.Because(cause, Name, Package);
}
