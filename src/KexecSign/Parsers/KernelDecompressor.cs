using System.IO.Compression;
using KexecSign.Compression;
using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Bpf;

namespace KexecSign.Parsers;

/// <summary>
/// The kernel's decompressors by other libraries, with the kernel's rules (lib/decompress_*.c): input that ends too early
/// is an error, what follows the stream is not looked at, and gzip's checksum and length are not checked.
/// </summary>
internal sealed class KernelDecompressor(CancellationToken cancellation) : IKernelDecompressor
{
    private const int GzipHeader = 10, HasName = 8;

    /// <inheritdoc/>
    public Decompressed Decompress(KernelCompression compression, ReadOnlyMemory<byte> input, long limit)
    {
        var output = new GrowingBuffer(input.Length, limit);
        try
        {
            string? error = compression switch
            {
                KernelCompression.Gzip => Gunzip(input, output),
                KernelCompression.Zstd => Unzstd(input.Span, output),
                KernelCompression.Xz => Older(() => OlderPayloads.Lzma(Layout.Of(input), xz: true, output.Take)),
                KernelCompression.Lzma => Older(() => OlderPayloads.Lzma(Layout.Of(input), xz: false, output.Take)),
                KernelCompression.Lz4 => Older(() => OlderPayloads.Lz4(Layout.Of(input), output.Take)),
                KernelCompression.Lzo => Older(() => OlderPayloads.Lzo(Layout.Of(input), output.Take)),
                KernelCompression.Bzip2 => $"{compression} is not simulated",
            };
            return new(error is null ? output.Bytes : default, error);
        }
        catch (FullException)
        {
            return new(default, "Decompression runs out of memory");
        }
        catch (DllNotFoundException missing)
        {
            MachineLibrary library = compression switch
            {
                KernelCompression.Xz or KernelCompression.Lzma => MachineLibrary.Lzma,
                KernelCompression.Lz4 => MachineLibrary.Lz4,
                KernelCompression.Lzo => MachineLibrary.Lzo,
                KernelCompression.Zstd or KernelCompression.Gzip or KernelCompression.Bzip2 => MachineLibrary.Zstd,
            };
            throw library.Missing(missing);
        }
    }

    private string? Gunzip(ReadOnlyMemory<byte> input, GrowingBuffer output)
    {
        ReadOnlySpan<byte> head = input.Span;
        if (head.Length < GzipHeader || head[0] != 0x1F || head[1] != 0x8B || head[2] != 8)
            return "Not a gzip file";
        int at = GzipHeader;
        if ((head[3] & HasName) != 0)
        {
            int end = head[at..].IndexOf((byte)0);
            if (end < 0)
                return "header error";
            at += end + 1;
        }
        using var source = new EndNoticingStream(input[at..]);
        using var inflater = new DeflateStream(source, CompressionMode.Decompress);
        try
        {
            int count;
            while ((count = inflater.Read(output.Room())) > 0)
            {
                cancellation.ThrowIfCancellationRequested();
                output.Advance(count);
            }
        }
        catch (InvalidDataException)
        {
            return "uncompression error";
        }
        return source.WasAskedForMore ? "read error" : null;
    }

    private unsafe string? Unzstd(ReadOnlySpan<byte> input, GrowingBuffer output)
    {
        Zstd zstd = Zstd.ForReading;
        nint context = zstd.CreateDecompressor();
        try
        {
            fixed (byte* inBytes = input)
            {
                var source = new Zstd.Buffer { Start = (nint)inBytes, Size = (nuint)input.Length };
                nuint left;
                bool isFull = false;
                do
                {
                    cancellation.ThrowIfCancellationRequested();
                    // Output that did not fit is still inside the library; only then does it go on without input.
                    if (source.Position == source.Size && !isFull)
                        return "ZSTD-compressed data is truncated";
                    Span<byte> room = output.Room();
                    fixed (byte* outBytes = room)
                    {
                        var target = new Zstd.Buffer { Start = (nint)outBytes, Size = (nuint)room.Length };
                        left = zstd.DecompressStream(context, ref target, ref source);
                        if (zstd.IsError(left))
                            return $"{ZstdMessage(left)} ({zstd.ErrorName(left)})";
                        output.Advance((int)target.Position);
                        isFull = target.Position == target.Size;
                    }
                }
                while (left != 0);
            }
            return null;
        }
        finally
        {
            _ = zstd.FreeDecompressor(context);
        }
    }

    // lib/decompress_unzstd.c, handle_zstd_error(), by the numbers of zstd_errors.h, which do not change.
    private static string ZstdMessage(nuint error) => unchecked((int)(0 - error)) switch
    {
        10 => "Input is not in the ZSTD format (wrong magic bytes)",
        20 or 22 or 70 => "ZSTD-compressed data is corrupt",
        64 => "ZSTD decompressor ran out of memory",
        _ => "ZSTD-compressed data is probably corrupt",
    };

    private static string? Older(Action unpack)
    {
        try
        {
            unpack();
            return null;
        }
        catch (InvalidDataException broken)
        {
            return broken.Message;
        }
    }

    /// <summary>Output that grows up to a limit.</summary>
    private sealed class GrowingBuffer(int inputLength, long limit)
    {
        private byte[] _bytes = GC.AllocateUninitializedArray<byte>((int)Math.Min(limit, Math.Max(1 << 16, 4L * inputLength)));
        private int _length;

        public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

        public Span<byte> Room()
        {
            if (_length == _bytes.Length)
            {
                // One byte more than the limit, so that an output of exactly that length is told from a longer one.
                if (_length > limit)
                    throw new FullException();
                byte[] larger = GC.AllocateUninitializedArray<byte>((int)Math.Min(limit + 1, 2L * _bytes.Length));
                _bytes.AsSpan().CopyTo(larger);
                _bytes = larger;
            }
            return _bytes.AsSpan(_length);
        }

        public void Advance(int count)
        {
            _length += count;
            if (_length > limit)
                throw new FullException();
        }

        public void Take(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                Span<byte> room = Room();
                int count = Math.Min(room.Length, bytes.Length);
                bytes[..count].CopyTo(room);
                Advance(count);
                bytes = bytes[count..];
            }
        }
    }

    /// <summary>The output is longer than the kernel lets it be.</summary>
    private sealed class FullException : Exception;

    /// <summary>
    /// Input that tells whether its reader wanted more than there is, which an inflater does only when it has not seen the end.
    /// </summary>
    private sealed class EndNoticingStream(ReadOnlyMemory<byte> bytes) : Stream
    {
        private int _position;

        public bool WasAskedForMore { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => bytes.Length;

        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            int count = Math.Min(buffer.Length, bytes.Length - _position);
            WasAskedForMore |= count == 0 && !buffer.IsEmpty;
            bytes.Span.Slice(_position, count).CopyTo(buffer);
            _position += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
