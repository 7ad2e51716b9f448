using System.Collections.Immutable;
using KexecSign.Errors;
using KexecSign.Formats.Zboot;

namespace KexecSign.Zboot;

/// <summary>Values that several zboot operations take.</summary>
internal static class ZbootOptionSpecs
{
    /// <summary>The compressions by the names that the kernel's configuration gives them.</summary>
    public static readonly ImmutableArray<string> Compressions = ["gzip", "zstd"];

    /// <summary>The compression of that name.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3012.</exception>
    public static ZbootCompression Compression(string value) => value switch
    {
        "gzip" => ZbootCompression.Gzip,
        "zstd" => ZbootCompression.Zstd,
        _ => throw OperationErrors.OptionValue.With("compression", value, string.Join(", ", Compressions)),
    };
}
