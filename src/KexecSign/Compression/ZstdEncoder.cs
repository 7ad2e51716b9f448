using System.Numerics;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Layouts;

namespace KexecSign.Compression;

/// <summary>Compresses into one zstd frame that states its content size.</summary>
internal static class ZstdEncoder
{
    // The largest window that the kernel's decoder takes (lib/decompress_unzstd.c), and what level 22 has.
    private const int LongWindowLog = 27;

    // ZSTD_OPT_NUM - 1: a match this long is taken without looking further.
    private const int LongestTarget = 4095;

    // Parts below this size are not worth another thread; the library itself refuses those below 512 KiB.
    private const long LeastPart = 2 << 20;

    private const int SixteenthOfWindow = 5, LeastLargeTables = 21, LargestTables = 27;

    /// <summary>Name and version of the library.</summary>
    /// <exception cref="DllNotFoundException">The machine has none.</exception>
    public static string NameOf(ZstdLibrary library) => Of(library).Name;

    private static Zstd Of(ZstdLibrary library) => library switch
    {
        ZstdLibrary.Own => Zstd.OfThisProgram,
        ZstdLibrary.System => Zstd.OfThisMachine,
    };

    /// <summary>One frame, in a temporary file.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS5004.</exception>
    public static unsafe TemporaryFile Compress(Layout input, CompressionAttempt attempt, IRunStep step, CancellationToken cancellation)
    {
        Zstd zstd = Of(attempt.Zstd);
        nint context = zstd.CreateCompressor();
        TemporaryFile output = TemporaryFile.Create();
        try
        {
            Check(zstd, zstd.SetParameter(context, Zstd.CompressionLevel, attempt.Level));
            Check(zstd, zstd.SetParameter(context, Zstd.ChecksumFlag, attempt.Checksum ? 1 : 0));
            bool inJobs = AskForJobs(zstd, context, attempt, input.Length);
            if (attempt.LongMatches && !inJobs)
                AskForLongMatches(zstd, attempt.Zstd, context);
            // With the size pledged the window is no larger than the content. Long matches win more without, as in the kernel's own build.
            if (inJobs || !attempt.LongMatches)
                Check(zstd, zstd.SetPledgedSourceSize(context, (ulong)input.Length));
            byte[] inBuffer = new byte[1 << 20], outBuffer = new byte[1 << 18];
            long at = 0;
            bool ended = false;
            var consumption = new Consumption(zstd, context, step);
            while (!ended)
            {
                cancellation.ThrowIfCancellationRequested();
                int count = (int)Math.Min(inBuffer.Length, input.Length - at);
                input.Read(at, inBuffer.AsSpan(0, count));
                at += count;
                int operation = at == input.Length ? Zstd.EndOperation : Zstd.ContinueOperation;
                ended = Feed(zstd, context, inBuffer.AsSpan(0, count), outBuffer, operation, output, consumption, cancellation);
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
            // The library waits for its threads, which do not stop before their part is done; who gives up need not.
            if (cancellation.IsCancellationRequested)
                _ = Task.Run(() => zstd.FreeCompressor(context), CancellationToken.None);
            else
                _ = zstd.FreeCompressor(context);
        }
    }

    // Where parts begin depends on the input's length alone, and the library's result does not depend on the number of its threads.
    // A sixteenth of the window is indexed again for each part: less loses matches, an eighth wins 0.09 %. On Debian's 44 MB arm64 Image
    // level 22 of 1.5.7 gives 11,602,353 bytes so and 11,566,526 in one part, in twice the time; 1.5.4 gave 11,643,001, and 11,688,014
    // in one part, for its blocks begin wherever it happens. The strongest levels' tables are made for inputs of 128 MiB; tables for
    // half the positions of a part lose 0.02 %, and two of them take 0.35 GiB instead of the program's 0.7.
    // A library without threads knows none of this and compresses as before.
    private static bool AskForJobs(Zstd zstd, nint context, CompressionAttempt attempt, long length)
    {
        long part = (length + attempt.Jobs - 1) / attempt.Jobs;
        if (attempt.Jobs == 1 || part < LeastPart
            || zstd.IsError(zstd.SetParameter(context, Zstd.Workers, Math.Min(attempt.Jobs, Environment.ProcessorCount))))
        {
            return false;
        }
        Check(zstd, zstd.SetParameter(context, Zstd.JobSize, checked((int)part)));
        Check(zstd, zstd.SetParameter(context, Zstd.OverlapLog, SixteenthOfWindow));
        Check(zstd, zstd.SetParameter(context, Zstd.EnableLongMatches, attempt.LongMatches ? 1 : 0));
        if (attempt.Level >= LeastLargeTables)
        {
            int half = BitOperations.Log2((ulong)part - 1) + 1;
            Check(zstd, zstd.SetParameter(context, Zstd.ChainLog, Math.Min(LargestTables, attempt.LongMatches ? half + 1 : half)));
            Check(zstd, zstd.SetParameter(context, Zstd.HashLog, Math.Min(LargestTables, half) - 2));
        }
        return true;
    }

    // Measured on Debian's 44 MB arm64 Image behind level 22. Of 1.5.7 longer targets win 246 bytes; every way to look for long matches
    // beforehand loses 700 or 1,200, deeper searches, larger tables, more splitting and smaller blocks win none. Of 1.5.4 matches of 16
    // bytes win 1,636, of 32 bytes with the default tables 760, of 64 bytes 298, and longer targets none.
    private static void AskForLongMatches(Zstd zstd, ZstdLibrary library, nint context)
    {
        Check(zstd, zstd.SetParameter(context, Zstd.WindowLog, LongWindowLog));
        if (library == ZstdLibrary.Own)
        {
            Check(zstd, zstd.SetParameter(context, Zstd.TargetLength, LongestTarget));
            return;
        }
        Check(zstd, zstd.SetParameter(context, Zstd.EnableLongMatches, 1));
        Check(zstd, zstd.SetParameter(context, Zstd.LongMatchHashLog, 24));
        Check(zstd, zstd.SetParameter(context, Zstd.LongMatchLength, 16));
        Check(zstd, zstd.SetParameter(context, Zstd.LongMatchBucketLog, 6));
        Check(zstd, zstd.SetParameter(context, Zstd.LongMatchRateLog, 3));
        // One worker sees the whole input at a time; a library without threads goes block by block and wins some hundred bytes less.
        _ = zstd.SetParameter(context, Zstd.Workers, 1);
    }

    private static unsafe bool Feed(Zstd zstd, nint context, Span<byte> input, byte[] outBuffer, int operation, TemporaryFile output,
        Consumption consumption, CancellationToken cancellation)
    {
        fixed (byte* inBytes = input, outBytes = outBuffer)
        {
            var source = new Zstd.Buffer { Start = (nint)inBytes, Size = (nuint)input.Length };
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                var target = new Zstd.Buffer { Start = (nint)outBytes, Size = (nuint)outBuffer.Length };
                nuint left = Check(zstd, zstd.CompressStream(context, ref target, ref source, operation));
                output.Write(outBuffer.AsSpan(0, (int)target.Position));
                consumption.Report();
                bool done = operation == Zstd.EndOperation ? left == 0 : source.Position == source.Size;
                if (done)
                    return operation == Zstd.EndOperation;
            }
        }
    }

    // The library takes in much more than it has worked through, and works on long after the last byte went in: it knows how far it is.
    private sealed class Consumption(Zstd zstd, nint context, IRunStep step)
    {
        private long _reported;

        public void Report()
        {
            long consumed = zstd.Consumed(context);
            if (consumed > _reported)
                step.Advance(consumed - _reported);
            _reported = Math.Max(_reported, consumed);
        }
    }

    private static nuint Check(Zstd zstd, nuint code) =>
        !zstd.IsError(code) ? code : throw OperationErrors.CompressionFailed.With("zstd", zstd.ErrorName(code));
}
