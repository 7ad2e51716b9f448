using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Layouts;

namespace KexecSign.Compression;

/// <summary>
/// One gzip member, compressed piece by piece on all processors. Pieces know nothing of each other, which costs 0.03 % on kernels;
/// where they are cut depends on the input's length alone, so that the result is the same on every machine.
/// </summary>
internal sealed class GzipPieces
{
    private const int HeaderSize = 10;

    private readonly Layout _input;
    private readonly CompressionAttempt _attempt;
    private readonly IRunStep _step;
    private readonly CancellationToken _cancellation;
    private readonly int _pieceLength, _count;
    private readonly TemporaryFile _output;
    private readonly Lock _reading = new(), _writing = new();
    private readonly Dictionary<int, ReadOnlyMemory<byte>> _finished = [];
    private int _nextRead, _nextWritten;
    private uint _checksum;
    private bool _failed;

    private GzipPieces(Layout input, CompressionAttempt attempt, TemporaryFile output, IRunStep step, CancellationToken cancellation)
    {
        _input = input;
        _attempt = attempt;
        _step = step;
        _cancellation = cancellation;
        _output = output;
        _pieceLength = (int)Math.Min(attempt.PieceLength, Math.Max(1, input.Length));
        _count = (int)Math.Max(1, (input.Length + _pieceLength - 1) / _pieceLength);
    }

    /// <summary>Compresses.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS5004, KS3004.</exception>
    public static TemporaryFile Compress(Layout input, CompressionAttempt attempt, IRunStep step, CancellationToken cancellation)
    {
        var output = TemporaryFile.Create();
        try
        {
            new GzipPieces(input, attempt, output, step, cancellation).Run();
            return output;
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    // RFC 1952: no flags, no time, so that the header is the ten bytes that the stub skips; the system is "unknown".
    private void Run()
    {
        byte[] header = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
        _output.Write(header);
        Task[] workers = [.. Enumerable.Range(0, Math.Min(_count, Environment.ProcessorCount))
            .Select(_ => Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        try
        {
            Task.WaitAll(workers, CancellationToken.None);
        }
        catch (AggregateException failed)
        {
            ExceptionDispatchInfo.Throw(failed.InnerException!);
        }
        byte[] trailer = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, _checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer.AsSpan(4), unchecked((uint)_input.Length));
        _output.Write(trailer);
    }

    private void Work()
    {
        nint compressor = LibDeflate.AllocCompressor(_attempt.Level);
        try
        {
            if (compressor == 0)
                throw OperationErrors.CompressionFailed.With("gzip", $"libdeflate takes no level {_attempt.Level}");
            byte[] input = new byte[_pieceLength];
            // Room for the joint, and for the end that the check puts behind it.
            byte[] output = new byte[checked((int)LibDeflate.DeflateCompressBound(compressor, (nuint)_pieceLength)
                + (2 * DeflateJoint.EndSize))];
            using var check = new PieceCheck(_pieceLength);
            while (Read(input) is { } piece)
            {
                bool goesOn = piece.Index < _count - 1;
                int length = Compress(compressor, input.AsSpan(0, piece.Length), output.AsSpan(..^DeflateJoint.EndSize), goesOn);
                check.Require(output, length, goesOn, input.AsSpan(0, piece.Length));
                Write(piece.Index, output.AsMemory(0, length));
                _step.Advance(piece.Length);
            }
        }
        catch
        {
            _failed = true;
            throw;
        }
        finally
        {
            if (compressor != 0)
                LibDeflate.FreeCompressor(compressor);
        }
    }

    private (int Index, int Length)? Read(Span<byte> buffer)
    {
        lock (_reading)
        {
            _cancellation.ThrowIfCancellationRequested();
            if (_nextRead == _count || _failed)
                return null;
            long at = (long)_nextRead * _pieceLength;
            Span<byte> piece = buffer[..(int)Math.Min(_pieceLength, _input.Length - at)];
            _input.Read(at, piece);
            _checksum = LibDeflate.Crc32(_checksum, piece);
            return (_nextRead++, piece.Length);
        }
    }

    private static int Compress(nint compressor, ReadOnlySpan<byte> piece, Span<byte> output, bool goesOn)
    {
        int length = LibDeflate.Deflate(compressor, piece, output[..^DeflateJoint.EndSize]);
        if (length == 0)
            throw OperationErrors.CompressionFailed.With("gzip", "the output did not fit its own bound");
        try
        {
            return goesOn ? DeflateJoint.Open(output, length) : length;
        }
        catch (InvalidDataException broken)
        {
            throw OperationErrors.CompressionFailed.With("gzip", broken.Message);
        }
    }

    // What is finished early waits in memory for those before it.
    private void Write(int index, ReadOnlyMemory<byte> piece)
    {
        lock (_writing)
        {
            if (index != _nextWritten)
            {
                _finished.Add(index, piece.ToArray());
                return;
            }
            do
            {
                _output.Write(piece.Span);
                _nextWritten++;
            }
            while (_finished.Remove(_nextWritten, out piece));
        }
    }
}
