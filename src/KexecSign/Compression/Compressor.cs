using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;

namespace KexecSign.Compression;

/// <summary>
/// Compresses kernels as the zboot stub wants them: one gzip member with a 10-byte header (the stub skips exactly ten
/// bytes), or one zstd frame that states its content size; how, <see cref="PayloadCodec"/> says.
/// </summary>
internal static class Compressor
{
    /// <summary>Name and version of what compresses, as reports, recipes and provenance give them: another one gives other bytes.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS5001.</exception>
    public static string Library(ZbootCompression compression, ZstdLibrary zstd)
    {
        try
        {
            return PayloadEncoder.For(compression).Name(zstd);
        }
        catch (DllNotFoundException missing)
        {
            throw PayloadCodec.Of(PayloadFormat.Of(compression)).Library.Missing(missing);
        }
    }

    /// <summary>All that may compress, in one line.</summary>
    public static string Libraries(ZstdLibrary zstd)
    {
        return string.Join("; ", PayloadCodec.All.Where(codec => codec.Encoder is not null).Select(codec => NameOf(codec.Encoder!)));

        string NameOf(PayloadEncoder encoder)
        {
            try
            {
                return encoder.Name(zstd);
            }
            catch (DllNotFoundException)
            {
                return "none";
            }
        }
    }

    /// <summary>Compresses a layout into a temporary file.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS5001, KS5004.</exception>
    public static TemporaryFile Compress(Layout input, ZbootCompression compression, CompressionAttempt attempt, RunContext context)
    {
        PayloadFormat format = PayloadFormat.Of(compression);
        using IRunStep step = context.Log.Step($"compress ({format.Word} {attempt})", input.Length);
        try
        {
            return PayloadEncoder.For(compression).Pack(input, attempt, step, context.Cancellation);
        }
        catch (DllNotFoundException missing)
        {
            throw PayloadCodec.Of(format).Library.Missing(missing);
        }
    }
}
