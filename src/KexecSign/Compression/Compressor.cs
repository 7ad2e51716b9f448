using System.IO.MemoryMappedFiles;
using System.Runtime.ExceptionServices;
using KexecSign.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;
using KexecSign.Running;

namespace KexecSign.Compression;

/// <summary>
/// Compresses kernels as the zboot stub wants them: one gzip member with a 10-byte header (the stub skips exactly ten
/// bytes), or one zstd frame that states its content size.
/// </summary>
internal static class Compressor
{
    // The largest window that the kernel's decoder takes (lib/decompress_unzstd.c), and what level 22 has.
    private const int LongWindowLog = 27;

    /// <summary>The level used when none is asked for: what is smallest in reasonable time (gzip), what the kernel's build uses (zstd).</summary>
    public static int DefaultLevel(ZbootCompression compression) => compression == ZbootCompression.Gzip ? 9 : 22;

    /// <summary>The levels that there are.</summary>
    public static (int Least, int Most) Levels(ZbootCompression compression) => compression == ZbootCompression.Gzip ? (1, 12) : (1, 22);

    /// <summary>Compresses a layout into a temporary file.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS5001, KS5004.</exception>
    public static TemporaryFile Compress(Layout input, ZbootCompression compression, CompressionAttempt attempt, RunContext context)
    {
        using IRunStep step = context.Log.Step($"compress ({compression.ToString().ToLowerInvariant()} {attempt})", input.Length);
        try
        {
            return compression == ZbootCompression.Gzip ? Gzip(input, attempt.Level, step, context.Cancellation) : Zstd(input, attempt, step, context.Cancellation);
        }
        catch (DllNotFoundException missing)
        {
            (string library, string package) = compression == ZbootCompression.Gzip ? ("libdeflate.so.0", "libdeflate0") : ("libzstd.so.1", "libzstd1");
            throw OperationErrors.NativeLibraryMissing.Because(missing, library, package);
        }
    }

    // One call that nothing interrupts, of half a minute on slow machines: it has a thread of its own, and who gives up waiting
    // leaves it to end by itself. What it holds has no name in any folder.
    private static TemporaryFile Gzip(Layout input, int level, IRunStep step, CancellationToken cancellation)
    {
        Task<TemporaryFile> work = Task.Factory.StartNew(
            () => Gzip(input, level, cancellation), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            work.Wait(cancellation);
        }
        catch (AggregateException failed)
        {
            ExceptionDispatchInfo.Throw(failed.InnerException!);
        }
        catch (OperationCanceledException)
        {
            work.ContinueWith(done => done.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
        step.Advance(input.Length);
        return work.Result;
    }

    // libdeflate works on whole buffers; both live in mapped temporary files, so that the kernel may page them out.
    private static unsafe TemporaryFile Gzip(Layout input, int level, CancellationToken cancellation)
    {
        nint compressor = LibDeflate.AllocCompressor(level);
        if (compressor == 0)
            throw OperationErrors.CompressionFailed.With("gzip", $"libdeflate takes no level {level}");
        TemporaryFile output = TemporaryFile.Create();
        try
        {
            using TemporaryFile source = TemporaryFile.Create();
            source.Write(input, cancellation);
            long bound = checked((long)LibDeflate.GzipCompressBound(compressor, (nuint)input.Length));
            nuint written;
            using (MemoryMappedFile sourceMap = source.Map(input.Length), outputMap = output.Map(bound))
            using (MemoryMappedViewAccessor from = sourceMap.CreateViewAccessor(), to = outputMap.CreateViewAccessor())
            {
                byte* inputBytes = null, outputBytes = null;
                from.SafeMemoryMappedViewHandle.AcquirePointer(ref inputBytes);
                to.SafeMemoryMappedViewHandle.AcquirePointer(ref outputBytes);
                try
                {
                    written = LibDeflate.GzipCompress(compressor, inputBytes, (nuint)input.Length, outputBytes, (nuint)bound);
                }
                finally
                {
                    from.SafeMemoryMappedViewHandle.ReleasePointer();
                    to.SafeMemoryMappedViewHandle.ReleasePointer();
                }
            }
            if (written == 0)
                throw OperationErrors.CompressionFailed.With("gzip", "the output did not fit its own bound");
            output.SetLength(checked((long)written));
            return output;
        }
        catch
        {
            output.Dispose();
            throw;
        }
        finally
        {
            LibDeflate.FreeCompressor(compressor);
        }
    }

    private static unsafe TemporaryFile Zstd(Layout input, CompressionAttempt attempt, IRunStep step, CancellationToken cancellation)
    {
        nint context = LibZstd.CreateCompressor();
        TemporaryFile output = TemporaryFile.Create();
        try
        {
            Check(LibZstd.SetParameter(context, LibZstd.CompressionLevel, attempt.Level));
            Check(LibZstd.SetParameter(context, LibZstd.ChecksumFlag, attempt.Checksum ? 1 : 0));
            if (attempt.LongMatches)
                AskForLongMatches(context);
            // With the size pledged the window is no larger than the content. Long matches win more without, as in the kernel's own build.
            if (!attempt.LongMatches)
                Check(LibZstd.SetPledgedSourceSize(context, (ulong)input.Length));
            byte[] inBuffer = new byte[1 << 20], outBuffer = new byte[1 << 18];
            long at = 0;
            bool ended = false;
            while (!ended)
            {
                cancellation.ThrowIfCancellationRequested();
                int count = (int)Math.Min(inBuffer.Length, input.Length - at);
                input.Read(at, inBuffer.AsSpan(0, count));
                at += count;
                int operation = at == input.Length ? LibZstd.EndOperation : LibZstd.ContinueOperation;
                ended = Feed(context, inBuffer.AsSpan(0, count), outBuffer, operation, output);
                step.Advance(count);
            }
            return output;
        }
        catch
        {
            output.Dispose();
            throw;
        }
        finally
        {
            _ = LibZstd.FreeCompressor(context);
        }
    }

    // Measured on Debian's 44 MB arm64 Image behind level 22: these win 1,636 bytes, matches of 32 bytes with the default tables 760,
    // of 64 bytes 298. Deeper searches, longer targets and larger tables of the level itself win none.
    private static void AskForLongMatches(nint context)
    {
        Check(LibZstd.SetParameter(context, LibZstd.WindowLog, LongWindowLog));
        Check(LibZstd.SetParameter(context, LibZstd.EnableLongMatches, 1));
        Check(LibZstd.SetParameter(context, LibZstd.LongMatchHashLog, 24));
        Check(LibZstd.SetParameter(context, LibZstd.LongMatchLength, 16));
        Check(LibZstd.SetParameter(context, LibZstd.LongMatchBucketLog, 6));
        Check(LibZstd.SetParameter(context, LibZstd.LongMatchRateLog, 3));
        // One worker sees the whole input at a time; a library without threads goes block by block and wins some hundred bytes less.
        _ = LibZstd.SetParameter(context, LibZstd.Workers, 1);
    }

    private static unsafe bool Feed(nint context, Span<byte> input, byte[] outBuffer, int operation, TemporaryFile output)
    {
        fixed (byte* inBytes = input, outBytes = outBuffer)
        {
            var source = new LibZstd.Buffer { Start = (nint)inBytes, Size = (nuint)input.Length };
            while (true)
            {
                var target = new LibZstd.Buffer { Start = (nint)outBytes, Size = (nuint)outBuffer.Length };
                nuint left = Check(LibZstd.CompressStream(context, ref target, ref source, operation));
                output.Write(outBuffer.AsSpan(0, (int)target.Position));
                bool done = operation == LibZstd.EndOperation ? left == 0 : source.Position == source.Size;
                if (done)
                    return operation == LibZstd.EndOperation;
            }
        }
    }

    private static nuint Check(nuint code) =>
        LibZstd.IsError(code) == 0 ? code : throw OperationErrors.CompressionFailed.With("zstd", LibZstd.ErrorName(code));
}
