using System.Runtime.InteropServices;

namespace KexecSign.Compression;

/// <summary>
/// What is called of zstd's API, by whichever library has it: the one in this program, whose bytes belong to this program's version, or
/// the machine's, whose bytes are those of the zstd program there.
/// </summary>
internal abstract class Zstd
{
    public const int CompressionLevel = 100;
    public const int WindowLog = 101;
    public const int HashLog = 102;
    public const int ChainLog = 103;
    public const int TargetLength = 106;
    public const int EnableLongMatches = 160;
    public const int LongMatchHashLog = 161;
    public const int LongMatchLength = 162;
    public const int LongMatchBucketLog = 163;
    public const int LongMatchRateLog = 164;
    public const int ChecksumFlag = 201;
    public const int Workers = 400;
    public const int JobSize = 401;
    public const int OverlapLog = 402;
    public const int EndOperation = 2;
    public const int ContinueOperation = 0;

    /// <summary>The one in this program.</summary>
    public static Zstd OfThisProgram { get; } = new ManagedZstd();

    /// <summary>The machine's.</summary>
    /// <exception cref="DllNotFoundException">It has none.</exception>
    public static Zstd OfThisMachine => LibZstd.Found ?? throw new DllNotFoundException(LibZstd.Library);

    /// <summary>
    /// The machine's, which takes half the time, or where there is none that of this program: what they unpack is the same.
    /// </summary>
    public static Zstd ForReading => LibZstd.Found ?? OfThisProgram;

    /// <summary>Name and version, as reports give them.</summary>
    public abstract string Name { get; }

    public abstract nint CreateCompressor();

    public abstract nuint FreeCompressor(nint context);

    public abstract nuint SetParameter(nint context, int parameter, int value);

    public abstract nuint SetPledgedSourceSize(nint context, ulong size);

    public abstract nuint CompressStream(nint context, ref Buffer output, ref Buffer input, int operation);

    /// <summary>Bytes of the frame's input that are compressed; what only lies in the library's buffers is not.</summary>
    public abstract long Consumed(nint context);

    public abstract nint CreateDecompressor();

    public abstract nuint FreeDecompressor(nint context);

    public abstract nuint DecompressStream(nint context, ref Buffer output, ref Buffer input);

    public abstract bool IsError(nuint code);

    /// <summary>The library's words for an error code.</summary>
    public abstract string ErrorName(nuint code);

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Buffer
    {
        public nint Start;
        public nuint Size;
        public nuint Position;
    }
}
