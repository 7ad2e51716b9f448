using System.Buffers;
using System.Buffers.Binary;
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
    /// <summary>Most bytes that a compressed module may grow to, however large it is.</summary>
    public const int MaxLength = 1 << 28;

    // Kernels are packed by 3 to 10; modules full of tables by 30.
    private const long MostGrowth = 64, AnyLength = 16 << 20;

    // xz -9 takes 65 MiB to open; the kernel's makefiles ask for a dictionary of 1 MiB.
    private const ulong DecoderMemory = 80 << 20;

    /// <summary>Most bytes that a module of this packed size may grow to: what a small file takes is bounded by its size.</summary>
    public static int MostOf(long packed) => (int)Math.Min(MaxLength, AnyLength + packed * MostGrowth);

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
            // A skippable frame (RFC 8878 3.1.2): pzstd and others begin with one; the zstd program and kmod go on behind it.
            [>= 0x50 and <= 0x5F, 0x2A, 0x4D, 0x18, ..] => ModuleCompression.Zstd,
            _ => ModuleCompression.None,
        };
    }

    /// <summary>Which compression a module's name promises; null for names that promise nothing.</summary>
    public static ModuleCompression? Promised(string name) =>
        Suffixes.FirstOrDefault(s => name.EndsWith(s.Suffix, StringComparison.Ordinal)).Compression;

    private static readonly (string Suffix, ModuleCompression? Compression)[] Suffixes =
    [
        (".ko", ModuleCompression.None), (".ko.gz", ModuleCompression.Gzip), (".ko.xz", ModuleCompression.Xz),
        (".ko.zst", ModuleCompression.Zstd),
    ];

    /// <summary>The module inside: all of it, of all streams, or an error; one that is not compressed is its own inside.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3754, KS3913, KS3914, KS5001.</exception>
    public static ReadOnlyMemory<byte> Open(Layout file, ModuleCompression compression, CancellationToken cancellation)
    {
        string name = Name(compression);
        if (file.Length > MaxLength)
            throw OperationErrors.ModuleTooLarge.With(name, MaxLength);
        byte[] packed = file.ReadBytes(0, file.Length);
        var module = new Growing(MostOf(packed.Length), name, cancellation);
        try
        {
            switch (compression)
            {
                case ModuleCompression.Gzip:
                    OpenGzip(packed, module);
                    break;
                case ModuleCompression.Xz:
                    OpenXz(packed, module);
                    break;
                case ModuleCompression.Zstd:
                    OpenZstd(packed, module);
                    break;
                case ModuleCompression.None:
                    return packed;
            }
            return module.Written;
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
                ModuleCompression.Zstd => CloseZstd(module),
                ModuleCompression.None => module.ToArray(),
            };
        }
        catch (DllNotFoundException missing)
        {
            throw Missing(compression, missing);
        }
    }

    /// <summary>The compression as people call it.</summary>
    public static string Name(ModuleCompression compression) => compression.ToString().ToLowerInvariant();

    private static Formats.Errors.KexecSignException Missing(ModuleCompression compression, DllNotFoundException cause) =>
        compression switch
        {
            ModuleCompression.Xz => MachineLibrary.Lzma.Missing(cause),
            ModuleCompression.Zstd => MachineLibrary.Zstd.Missing(cause),
            ModuleCompression.Gzip or ModuleCompression.None => MachineLibrary.Deflate.Missing(cause),
        };

    // The class library stops without a word where what follows a member is no other one. A file of one member ends with checksum and
    // length of all that came out; of several the kernel reads the first only, so they are not for modules.
    private static void OpenGzip(byte[] packed, Growing module)
    {
        const int trailer = 8;
        using (var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress))
        {
            while (gzip.Read(module.Room()) is > 0 and { } count)
                module.Advance(count);
        }
        ReadOnlySpan<byte> content = module.Written.Span, end = packed.AsSpan(Math.Max(0, packed.Length - trailer));
        if (end.Length < trailer || BinaryPrimitives.ReadUInt32LittleEndian(end) != LibDeflate.Crc32(0, content)
            || BinaryPrimitives.ReadUInt32LittleEndian(end[4..]) != (uint)content.Length)
            throw new InvalidDataException("it is not one whole member to the end: something is behind it, or it is cut");
    }

    private static unsafe void OpenXz(byte[] packed, Growing module)
    {
        LibLzma.State stream = default;
        int answer = LibLzma.OpenXz(ref stream, DecoderMemory, LibLzma.Concatenated);
        try
        {
            fixed (byte* input = packed)
            {
                stream.Input = (nint)input;
                stream.InputLeft = (nuint)packed.Length;
                while (answer == LibLzma.Ok)
                {
                    Span<byte> room = module.Room();
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
        if (stream.InputLeft != 0)
            throw OperationErrors.ModuleTail.With((ulong)stream.InputLeft, "xz");
    }

    private static unsafe void OpenZstd(byte[] packed, Growing module)
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
                    Span<byte> room = module.Room();
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
        return answer == LibLzma.Ok
            ? packed.AsMemory(0, (int)written)
            : throw OperationErrors.CompressionFailed.With("xz", $"liblzma answers {answer}");
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
                    : throw OperationErrors.CompressionFailed.With("zstd", zstd.IsError(left)
                        ? zstd.ErrorName(left)
                        : "the output did not fit its bound");
            }
        }
        finally
        {
            _ = zstd.FreeCompressor(context);
        }
    }

    /// <summary>What comes out, up to a limit, which may be reached but not passed.</summary>
    private sealed class Growing(int most, string name, CancellationToken cancellation)
    {
        private const int Step = 1 << 16;
        private readonly ArrayBufferWriter<byte> _bytes = new(Step);

        public ReadOnlyMemory<byte> Written => _bytes.WrittenMemory;

        public Span<byte> Room()
        {
            cancellation.ThrowIfCancellationRequested();
            // One byte more than allowed, which tells too much from just enough.
            long left = (long)most + 1 - _bytes.WrittenCount;
            return left > 0 ? _bytes.GetSpan(Step)[..(int)Math.Min(left, Step)] : throw OperationErrors.ModuleTooLarge.With(name, most);
        }

        public void Advance(int count) => _bytes.Advance(count);
    }
}
