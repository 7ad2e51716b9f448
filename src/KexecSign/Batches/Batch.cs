using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;

namespace KexecSign.Batches;

/// <summary>
/// Runs a batch: a failing file does not stop the others. A failing key does, but what was signed before stays: those files appear, the
/// rest fails with the key's error. Only when nothing was done is that error the whole answer.
/// </summary>
internal static class Batch
{
    private const string KeyErrors = "KS2";

    /// <summary>Whether an error is the key's: trying it for the next file would be in vain, and could lock a token.</summary>
    public static bool IsKeys(KexecSignException refused) => refused.Code.Id.StartsWith(KeyErrors, StringComparison.Ordinal);

    /// <summary>Works on every file, several at a time, and gives the outcomes in the order of the files.</summary>
    /// <param name="files">The files.</param>
    /// <param name="name">What is done, for the progress line.</param>
    /// <param name="context">Run context.</param>
    /// <param name="failed">Makes the outcome of a file that failed.</param>
    /// <param name="work">Works on one file. It tells the outcome through the action, at once or when the file is in place.</param>
    public static ImmutableArray<T> Run<T>(
        ImmutableArray<SelectedFile> files, string name, RunContext context,
        Func<SelectedFile, KexecSignException, T> failed, Action<SelectedFile, GroupCommit, IRunStep, Action<T>> work)
        where T : class
    {
        T?[] outcomes = new T?[files.Length];
        KexecSignException? lost = null;
        bool done = false;
        using (IRunStep step = context.Log.Step($"{name} {files.Length} file(s)", files.Sum(f => f.Length)))
        using (var commit = new GroupCommit())
        {
            Workers.Run(files.Length, Workers.Default, Work, context.Cancellation, Late);
            commit.Finish();
            if (lost is not null && !done)
                throw lost;

            void Work(int i)
            {
                if (Volatile.Read(ref lost) is { } gone)
                {
                    outcomes[i] = failed(files[i], gone);
                    return;
                }
                try
                {
                    work(files[i], commit, step, outcome =>
                    {
                        outcomes[i] = outcome;
                        done = true;
                    });
                }
                catch (KexecSignException refused)
                {
                    Refuse(i, refused);
                }
                catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
                {
                    outcomes[i] = failed(files[i], Failure.Explain(refused).In(files[i].Path));
                }
            }

            void Late(int i, Exception late) => Refuse(i, late as KexecSignException ?? Failure.Explain(late));

            void Refuse(int i, KexecSignException refused)
            {
                if (IsKeys(refused))
                    Interlocked.CompareExchange(ref lost, refused, null);
                outcomes[i] = failed(files[i], IsKeys(refused) ? refused : refused.In(files[i].Path));
            }
        }
        return [.. outcomes.Select((outcome, i) => outcome ?? throw new InvalidOperationException($"file {i} has no outcome"))];
    }

    /// <summary>The exit code: done when all went well, failed when nothing did, otherwise that some failed.</summary>
    public static ExitCode Exit(IEnumerable<FileOutcome> files)
    {
        bool good = false, bad = false;
        foreach (FileOutcome file in files)
        {
            good |= file.Status != FileStatus.Failed;
            bad |= file.Status == FileStatus.Failed;
        }
        return !bad ? ExitCode.Done : good ? ExitCode.SomeFailed : ExitCode.Failed;
    }
}
