namespace KexecSign.Compression;

/// <summary>Which zstd compresses payloads.</summary>
public enum ZstdLibrary
{
    /// <summary>The one in this program: the same bytes on every machine.</summary>
    Own,

    /// <summary>The machine's libzstd: the bytes that the kernel's own build writes there.</summary>
    System,
}
