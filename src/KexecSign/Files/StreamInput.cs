using System.Runtime.InteropServices;
using KexecSign.Core;
using KexecSign.Core.Errors;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>
/// Opens inputs. Nothing is opened before it is known what it is, and nothing waits for ever: a FIFO without a writer, a terminal or
/// a pipe is read only as long as the run is not asked to stop.
/// </summary>
internal static class StreamInput
{
    // A PE image's offsets have 32 bits, and nothing else that comes by a pipe is larger.
    private const long LongestStream = 4L << 30;
    private const int ChunkSize = 1 << 16, LookMilliseconds = 200;

    /// <summary>Opens a file or stream for reading.</summary>
    /// <param name="path">A path, or <c>-</c> for standard input.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3050.</exception>
    public static (SafeFileHandle Handle, FileFacts Facts) Open(string path)
    {
        try
        {
            if (Descriptor(path) is { } number)
                return Named(new(Check(Libc.Duplicate(number)), ownsHandle: true));
            FileFacts before = path.Length == 0 ? throw OperationErrors.InputMissing.With().In(path)
                : FileFacts.Of(path) ?? throw OperationErrors.InputMissing.With().In(path);
            Require(before, path);
            SafeFileHandle handle = Libc.OpenHandle(Libc.CurrentFolder, path, Libc.ReadOnly | Libc.NonBlocking);
            return handle.IsInvalid ? throw Libc.Failed() : Checked(handle, path);
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            throw denied.HResult is Libc.NoEntry or Libc.NotAFolder
                ? OperationErrors.InputMissing.Because(denied).In(path)
                : OperationErrors.InputUnreadable.Because(denied, FileFailure.Reason(denied)).In(path);
        }
    }

    /// <summary>Opens a regular file below a folder; no part of the way may be a link.</summary>
    /// <param name="root">The folder that was named; null when the file itself was.</param>
    /// <param name="name">Path of the file below it.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3051.</exception>
    public static (SafeFileHandle Handle, FileFacts Facts) OpenRegular(string? root, string name, string path)
    {
        try
        {
            FileFacts before = FileFacts.Of(path, followLink: root is null) ?? throw OperationErrors.InputMissing.With().In(path);
            if (before.Kind == FileKind.Folder)
                throw Libc.Failed(Libc.IsAFolder);
            if (before.Kind != FileKind.Regular)
                throw OperationErrors.InputNotRegular.With(before.Described).In(path);
            SafeFileHandle handle;
            if (root is null)
            {
                handle = Libc.OpenHandle(Libc.CurrentFolder, path, Libc.ReadOnly | Libc.NonBlocking);
            }
            else
            {
                using SafeFileHandle folder = Libc.OpenHandle(Libc.CurrentFolder, root, Libc.PathOnly | Libc.Folder);
                if (folder.IsInvalid)
                    throw Libc.Failed();
                handle = Libc.OpenBeneath((int)folder.DangerousGetHandle(), name, Libc.ReadOnly | Libc.NonBlocking, beneath: true);
            }
            if (handle.IsInvalid)
                throw Libc.Failed();
            FileFacts facts = FileFacts.Of(handle);
            if (facts.Kind == FileKind.Regular)
                return (handle, facts);
            handle.Dispose();
            throw OperationErrors.InputNotRegular.With(facts.Described).In(path);
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            throw denied.HResult is Libc.NoEntry or Libc.NotAFolder
                ? OperationErrors.InputMissing.Because(denied).In(path)
                : OperationErrors.InputUnreadable.Because(denied, FileFailure.Reason(denied)).In(path);
        }
    }

    /// <summary>Copies a stream into a temporary file.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3002, KS3004, KS3114.</exception>
    public static TemporaryFile Spool(SafeFileHandle stream, string path)
    {
        var copy = TemporaryFile.Create();
        try
        {
            byte[] chunk = new byte[ChunkSize];
            for (int count; (count = ReadSome(stream, chunk, path)) > 0;)
            {
                copy.Write(chunk.AsSpan(0, count));
                if (copy.Length > LongestStream)
                    throw OperationErrors.TooLargeToBe.With(copy.Length, "an image from a stream", LongestStream).In(path);
            }
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>Reads what is there, or waits for it; 0 at the end.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3002.</exception>
    /// <exception cref="OperationCanceledException">The run was asked to stop.</exception>
    public static unsafe int ReadSome(SafeFileHandle file, Span<byte> buffer, string path)
    {
        for (; ; )
        {
            Wait(file);
            nint count;
            fixed (byte* into = buffer)
                count = Libc.Read(file, into, (nuint)buffer.Length);
            if (count >= 0)
                return (int)count;
            if (Marshal.GetLastPInvokeError() is not (Libc.TryAgain or Libc.InterruptedCall))
            {
                IOException failed = Libc.Failed();
                throw OperationErrors.InputUnreadable.Because(failed, FileFailure.Reason(failed)).In(path);
            }
        }
    }

    /// <summary>The descriptor that a path stands for: <c>-</c>, /dev/stdin, /dev/fd/N; null for another path.</summary>
    private static int? Descriptor(string path) => path is "-" or "/dev/stdin" ? 0 : null;

    private static (SafeFileHandle, FileFacts) Named(SafeFileHandle handle) => (handle, FileFacts.Of(handle));

    private static (SafeFileHandle, FileFacts) Checked(SafeFileHandle handle, string path)
    {
        try
        {
            FileFacts facts = FileFacts.Of(handle);
            Require(facts, path);
            return (handle, facts);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void Require(FileFacts facts, string path)
    {
        if (facts.Kind == FileKind.Folder)
            throw Libc.Failed(Libc.IsAFolder);
        if (facts.Kind is not (FileKind.Regular or FileKind.Fifo) && !facts.IsNull)
            throw OperationErrors.InputKind.With(facts.Described).In(path);
    }

    private static int Check(int descriptor) => descriptor >= 0 ? descriptor : throw Libc.Failed();

    private static unsafe void Wait(SafeFileHandle file)
    {
        CancellationToken cancellation = RunScope.Current?.Cancellation ?? default;
        for (; ; )
        {
            cancellation.ThrowIfCancellationRequested();
            var polled = new Libc.PolledFile { Descriptor = (int)file.DangerousGetHandle(), Wanted = Libc.PollIn };
            if (Libc.Poll(&polled, 1, LookMilliseconds) > 0 && polled.Seen != 0)
                return;
        }
    }
}
