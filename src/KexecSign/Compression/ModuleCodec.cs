using System.Buffers;
using System.IO.Compression;
using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Compression;

/// <summary>How a module is compressed.</summary>
internal enum ModuleCompression
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>.ko.gz.</summary>
    Gzip,

    /// <summary>.ko.xz.</summary>
    Xz,

    /// <summary>.ko.zst.</summary>
    Zstd,
}

/// <summary>
/// Opens and closes compressed modules as the kernel's scripts/Makefile.modinst would. A module is held in memory: the kernel does so
/// too, and the largest have some ten MiB.
/// </summary>
internal static class ModuleCodec
{
    /// <summary>Most bytes that a compressed module may grow to.</summary>
    public const int MaxLength = 1 << 28;

    private const ulong DecoderMemory = 256 << 20;

    /// <summary>Which compression a file's first bytes show.</summary>
    public static ModuleCompression Of(Layout file)
    {
        Span<byte> head = stackalloc byte[6];
        head.Clear();
        file.Read(0, head[..(int)Math.Min(head.Length, file.Length)]);
        return head switch
        {
            [0x1F, 0x8B, ..] => ModuleCompression.Gzip,
            [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0] => ModuleCompression.Xz,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => ModuleCompression.Zstd,
            _ => ModuleCompression.None,
        };
    }

    /// <summary>The module inside.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3913, KS3914, KS5001.</exception>
    public static ReadOnlyMemory<byte> Open(Layout file, ModuleCompression compression, CancellationToken cancellation)
    {
        string name = Name(compression);
        if (file.Length > MaxLength)
            throw OperationErrors.ModuleTooLarge.With(name, MaxLength);
        byte[] packed = file.ReadBytes(0, file.Length);
        var module = new ArrayBufferWriter<byte>(Math.Max(4 * packed.Length, 1 << 16));
        try
        {
            switch (compression)
            {
                case ModuleCompression.Gzip:
                    OpenGzip(packed, module, cancellation);
                    break;
                case ModuleCompression.Xz:
                    OpenXz(packed, module, cancellation);
                    break;
                default:
                    OpenZstd(packed, module, cancellation);
                    break;
            }
            return module.WrittenMemory;
        }
        catch (InvalidDataException broken)
        {
            throw OperationErrors.ModuleCompression.Because(broken, name, broken.Message.TrimEnd('.'));
        }
        catch (DllNotFoundException missing)
        {
            throw Missing(compression, missing);
        }
    }

    /// <summary>Closes a module as it was before.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS5001, KS5004.</exception>
    public static ReadOnlyMemory<byte> Close(ReadOnlySpan<byte> module, ModuleCompression compression)
    {
        try
        {
            return compression switch
            {
                ModuleCompression.Gzip => CloseGzip(module),
                ModuleCompression.Xz => CloseXz(module),
                _ => CloseZstd(module),
            };
        }
        catch (DllNotFoundException missing)
        {
            throw Missing(compression, missing);
        }
    }

    /// <summary>The compression as people call it.</summary>
    public static string Name(ModuleCompression compression) => compression.ToString().ToLowerInvariant();

    private static Formats.Errors.KexecSignException Missing(ModuleCompression compression, Exception cause) => compression == ModuleCompression.Xz
        ? OperationErrors.NativeLibraryMissing.Because(cause, "liblzma.so.5", "liblzma5")
        : OperationErrors.NativeLibraryMissing.Because(cause, "libzstd.so.1", "libzstd1");

    private static void OpenGzip(byte[] packed, ArrayBufferWriter<byte> module, CancellationToken cancellation)
    {
        using var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        while (gzip.Read(Room(module, "gzip", cancellation)) is > 0 and { } count)
            module.Advance(count);
    }

    private static unsafe void OpenXz(byte[] packed, ArrayBufferWriter<byte> module, CancellationToken cancellation)
    {
        LibLzma.State stream = default;
        int answer = LibLzma.OpenXz(ref stream, DecoderMemory, 0);
        try
        {
            fixed (byte* input = packed)
            {
                stream.Input = (nint)input;
                stream.InputLeft = (nuint)packed.Length;
                while (answer == LibLzma.Ok)
                {
                    Span<byte> room = Room(module, "xz", cancellation);
                    fixed (byte* output = room)
                    {
                        stream.Output = (nint)output;
                        stream.OutputLeft = (nuint)room.Length;
                        answer = LibLzma.Code(ref stream, LibLzma.Finish);
                    }
                    module.Advance(room.Length - (int)stream.OutputLeft);
                }
            }
        }
        finally
        {
            LibLzma.End(ref stream);
        }
        if (answer != LibLzma.StreamEnd)
            throw new InvalidDataException($"liblzma answers {answer} after {stream.TotalIn} of {packed.Length} bytes");
    }

    private static unsafe void OpenZstd(byte[] packed, ArrayBufferWriter<byte> module, CancellationToken cancellation)
    {
        Zstd zstd = Zstd.ForReading;
        nint context = zstd.CreateDecompressor();
        try
        {
            fixed (byte* input = packed)
            {
                var source = new Zstd.Buffer { Start = (nint)input, Size = (nuint)packed.Length };
                nuint hint = 1;
                for (bool full = false; source.Position < source.Size || (full && hint != 0);)
                {
                    Span<byte> room = Room(module, "zstd", cancellation);
                    fixed (byte* output = room)
                    {
                        var target = new Zstd.Buffer { Start = (nint)output, Size = (nuint)room.Length };
                        hint = zstd.DecompressStream(context, ref target, ref source);
                        if (zstd.IsError(hint))
                            throw new InvalidDataException(zstd.ErrorName(hint));
                        module.Advance((int)target.Position);
                        full = target.Position == target.Size;
                    }
                }
                if (hint != 0)
                    throw new InvalidDataException("the frame is not complete");
            }
        }
        finally
        {
            _ = zstd.FreeDecompressor(context);
        }
    }

    private static Span<byte> Room(ArrayBufferWriter<byte> module, string name, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return module.WrittenCount < MaxLength ? module.GetSpan(1 << 16) : throw OperationErrors.ModuleTooLarge.With(name, MaxLength);
    }

    private static ReadOnlyMemory<byte> CloseGzip(ReadOnlySpan<byte> module)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            gzip.Write(module);
        return packed.GetBuffer().AsMemory(0, (int)packed.Length);
    }

    private static ReadOnlyMemory<byte> CloseXz(ReadOnlySpan<byte> module)
    {
        byte[] packed = new byte[checked((int)LibLzma.Bound((nuint)module.Length))];
        int answer = LibLzma.Encode(module, packed, out nuint written);
        return answer == LibLzma.Ok ? packed.AsMemory(0, (int)written) : throw OperationErrors.CompressionFailed.With("xz", $"liblzma answers {answer}");
    }

    private static unsafe ReadOnlyMemory<byte> CloseZstd(ReadOnlySpan<byte> module)
    {
        // What the zstd program does when nothing is said: level 3 and a checksum.
        const int level = 3;
        byte[] packed = new byte[module.Length + module.Length / 128 + 1024];
        Zstd zstd = Zstd.OfThisProgram;
        nint context = zstd.CreateCompressor();
        try
        {
            _ = zstd.SetParameter(context, Zstd.CompressionLevel, level);
            _ = zstd.SetParameter(context, Zstd.ChecksumFlag, 1);
            _ = zstd.SetPledgedSourceSize(context, (ulong)module.Length);
            fixed (byte* input = module, output = packed)
            {
                var source = new Zstd.Buffer { Start = (nint)input, Size = (nuint)module.Length };
                var target = new Zstd.Buffer { Start = (nint)output, Size = (nuint)packed.Length };
                nuint left = zstd.CompressStream(context, ref target, ref source, Zstd.EndOperation);
                return left == 0 ? packed.AsMemory(0, (int)target.Position)
                    : throw OperationErrors.CompressionFailed.With("zstd", zstd.IsError(left) ? zstd.ErrorName(left) : "the output did not fit its bound");
            }
        }
        finally
        {
            _ = zstd.FreeCompressor(context);
        }
    }
}
