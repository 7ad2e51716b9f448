using System.IO.Compression;
using KexecSign.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;
using KexecSign.Running;

namespace KexecSign.Compression;

/// <summary>Opens zboot payloads; never writes more than the payload's stated length, nor more than the kernel would take.</summary>
internal static class Decompressor
{
    /// <summary>Largest kernel that is unpacked: the cap of the kernel's own kexec decompressor (1 &lt;&lt; 29).</summary>
    public const long MaxLength = 1L << 29;

    /// <summary>Decompresses a zboot payload.</summary>
    /// <param name="payload">The compressed bytes.</param>
    /// <param name="header">The image's header, for compression and messages.</param>
    /// <param name="expected">Uncompressed length as the image states it.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="KexecSignException">KS1203, KS1205-KS1207, KS5001.</exception>
    public static TemporaryFile Decompress(Layout payload, ZbootHeader header, uint expected, RunContext context)
    {
        if (expected > MaxLength)
            throw FormatErrors.PayloadTooLarge.With(expected, MaxLength);
        using IRunStep step = context.Log.Step($"decompress ({header.CompressionName})", expected);
        TemporaryFile output = TemporaryFile.Create();
        try
        {
            OlderPayloads.Taker take = bytes => Take(bytes, output, expected, step, context.Cancellation);
            switch (header.CompressionName)
            {
                case "gzip": Gunzip(payload, output, expected, step, context.Cancellation); break;
                case "zstd" or "zstd22": Unzstd(payload, output, expected, step, context.Cancellation); break;
                case "xzkern": OlderPayloads.Lzma(payload, xz: true, take); break;
                case "lzma": OlderPayloads.Lzma(payload, xz: false, take); break;
                case "lz4": OlderPayloads.Lz4(payload, take); break;
                case "lzo": OlderPayloads.Lzo(payload, take); break;
                default: throw FormatErrors.UnknownCompression.With(header.CompressionName);
            }
            if (output.Length != expected)
                throw FormatErrors.PayloadLength.With(output.Length, expected);
            return output;
        }
        catch (DllNotFoundException missing)
        {
            output.Dispose();
            (string library, string package) = header.CompressionName switch
            {
                "xzkern" or "lzma" => ("liblzma.so.5", "liblzma5"),
                "lz4" => ("liblz4.so.1", "liblz4-1"),
                "lzo" => ("liblzo2.so.2", "liblzo2-2"),
                _ => ("libzstd.so.1", "libzstd1"),
            };
            throw OperationErrors.NativeLibraryMissing.Because(missing, library, package);
        }
        catch (InvalidDataException broken)
        {
            output.Dispose();
            throw FormatErrors.PayloadBroken.Because(broken, header.CompressionName, header.PayloadOffset, header.PayloadSize, broken.Message.TrimEnd('.'));
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    private static void Gunzip(Layout payload, TemporaryFile output, uint expected, IRunStep step, CancellationToken cancellation)
    {
        using var gzip = new GZipStream(new LayoutStream(payload), CompressionMode.Decompress);
        byte[] chunk = new byte[1 << 18];
        int count;
        while ((count = gzip.Read(chunk)) > 0)
            Take(chunk.AsSpan(0, count), output, expected, step, cancellation);
    }

    private static unsafe void Unzstd(Layout payload, TemporaryFile output, uint expected, IRunStep step, CancellationToken cancellation)
    {
        nint context = LibZstd.CreateDecompressor();
        try
        {
            byte[] inBuffer = new byte[1 << 18], outBuffer = new byte[1 << 18];
            nuint hint = 1;
            for (long at = 0; at < payload.Length;)
            {
                int count = (int)Math.Min(inBuffer.Length, payload.Length - at);
                payload.Read(at, inBuffer.AsSpan(0, count));
                at += count;
                fixed (byte* inBytes = inBuffer, outBytes = outBuffer)
                {
                    var source = new LibZstd.Buffer { Start = (nint)inBytes, Size = (nuint)count };
                    bool more;
                    do
                    {
                        var target = new LibZstd.Buffer { Start = (nint)outBytes, Size = (nuint)outBuffer.Length };
                        hint = LibZstd.DecompressStream(context, ref target, ref source);
                        if (LibZstd.IsError(hint) != 0)
                            throw new InvalidDataException(LibZstd.ErrorName(hint));
                        Take(outBuffer.AsSpan(0, (int)target.Position), output, expected, step, cancellation);
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
            _ = LibZstd.FreeDecompressor(context);
        }
    }

    private static void Take(ReadOnlySpan<byte> bytes, TemporaryFile output, uint expected, IRunStep step, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (output.Length + bytes.Length > expected)
            throw FormatErrors.PayloadLength.With(output.Length + bytes.Length, expected);
        output.Write(bytes);
        step.Advance(bytes.Length);
    }
}
