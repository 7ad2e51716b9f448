using System.IO.Compression;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;

namespace KexecSign.Compression;

/// <summary>Opens zboot payloads; never writes more than the payload's stated length, nor more than the kernel would take.</summary>
internal static class Decompressor
{
    /// <summary>Largest kernel that is unpacked: the cap of the kernel's own kexec decompressor (1 &lt;&lt; 29).</summary>
    public const long MaxLength = 1L << 29;

    private const int ChunkSize = 1 << 18;

    /// <summary>The kernel in a zboot image, in a temporary file.</summary>
    /// <param name="file">The image. What its header calls the payload is unpacked, without the length that may follow it.</param>
    /// <param name="header">The image's header.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="KexecSignException">KS1203, KS1205-KS1207, KS5001.</exception>
    public static TemporaryFile Payload(Layout file, ZbootHeader header, RunContext context)
    {
        TemporaryFile output = TemporaryFile.Create();
        try
        {
            Payload(file, header, output.Write, context);
            return output;
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    /// <summary>The same, piece by piece to whoever takes it; all of it is good only when this returns.</summary>
    public static void Payload(Layout file, ZbootHeader header, OlderPayloads.Taker taker, RunContext context) =>
        Unpack(file.Slice(header.PayloadOffset, header.PayloadSize), header, header.UncompressedLength(file), taker, context);

    /// <summary>
    /// Unpacks compressed bytes; apart from <see cref="Payload(Layout, ZbootHeader, RunContext)"/> for lengths that no image states.
    /// </summary>
    internal static void Unpack(Layout payload, ZbootHeader header, uint expected, OlderPayloads.Taker taker, RunContext context)
    {
        using IRunStep step = context.Log.Step($"decompress ({header.CompressionName})", expected);
        try
        {
            Unpack(payload, header.Format, expected, Take, context.Cancellation);
        }
        catch (DllNotFoundException missing)
        {
            throw PayloadCodec.Of(header.Format).Library.Missing(missing);
        }
        catch (InvalidDataException broken)
        {
            throw FormatErrors.PayloadBroken.Because(broken, header.CompressionName, header.PayloadOffset, header.PayloadSize,
                broken.Message.TrimEnd('.'));
        }

        void Take(ReadOnlySpan<byte> bytes)
        {
            taker(bytes);
            step.Advance(bytes.Length);
        }
    }

    /// <summary>Unpacks to exactly so many bytes; all of it is good only when this returns.</summary>
    internal static void Unpack(
        Layout payload, PayloadFormat format, uint expected, OlderPayloads.Taker taker, CancellationToken cancellation)
    {
        if (expected > MaxLength)
            throw FormatErrors.PayloadTooLarge.With(expected, MaxLength);
        long length = 0;
        PayloadCodec.Of(format).Unpack(payload, bytes =>
        {
            cancellation.ThrowIfCancellationRequested();
            if (length + bytes.Length > expected)
                throw FormatErrors.PayloadLength.With(length + bytes.Length, expected);
            taker(bytes);
            length += bytes.Length;
        });
        if (length != expected)
            throw FormatErrors.PayloadLength.With(length, expected);
    }

    /// <summary>Unpacks gzip: all members that there are.</summary>
    public static void Gunzip(Layout payload, OlderPayloads.Taker take)
    {
        // .NET asks for 8 KiB at a time.
        using var packed = new BufferedStream(new LayoutStream(payload), ChunkSize);
        using var gzip = new GZipStream(packed, CompressionMode.Decompress);
        byte[] chunk = new byte[ChunkSize];
        int count;
        while ((count = Gunzipped(gzip, chunk)) > 0)
            take(chunk.AsSpan(0, count));
    }

    // .NET speaks of a zip archive's entry and an unsupported method, whatever is wrong.
    private static int Gunzipped(GZipStream gzip, byte[] chunk)
    {
        try
        {
            return gzip.Read(chunk);
        }
        catch (InvalidDataException broken)
        {
            throw new InvalidDataException("it is no whole gzip stream, or its checksum is another", broken);
        }
    }

    /// <summary>Unpacks zstd: all frames that there are.</summary>
    public static unsafe void Unzstd(Layout payload, OlderPayloads.Taker take)
    {
        Zstd zstd = Zstd.ForReading;
        nint context = zstd.CreateDecompressor();
        try
        {
            byte[] inBuffer = new byte[ChunkSize], outBuffer = new byte[ChunkSize];
            nuint hint = 1;
            for (long at = 0; at < payload.Length;)
            {
                int count = (int)Math.Min(inBuffer.Length, payload.Length - at);
                payload.Read(at, inBuffer.AsSpan(0, count));
                at += count;
                fixed (byte* inBytes = inBuffer, outBytes = outBuffer)
                {
                    var source = new Zstd.Buffer { Start = (nint)inBytes, Size = (nuint)count };
                    bool more;
                    do
                    {
                        var target = new Zstd.Buffer { Start = (nint)outBytes, Size = (nuint)outBuffer.Length };
                        hint = zstd.DecompressStream(context, ref target, ref source);
                        if (zstd.IsError(hint))
                            throw new InvalidDataException(zstd.ErrorName(hint));
                        take(outBuffer.AsSpan(0, (int)target.Position));
                        // A full buffer may hide more output, unless the frame has ended: then the library would begin the next.
                        more = source.Position < source.Size || (target.Position == target.Size && hint != 0);
                    }
                    while (more);
                }
            }
            if (hint != 0)
                throw new InvalidDataException("the frame is not complete");
        }
        finally
        {
            _ = zstd.FreeDecompressor(context);
        }
    }
}
