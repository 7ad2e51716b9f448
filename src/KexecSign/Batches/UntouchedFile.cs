using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;

namespace KexecSign.Batches;

/// <summary>
/// A file of a batch with nothing to do. With <c>-o</c> it is copied all the same: the folder is to hold every file, not only those signed
/// now.
/// </summary>
internal static class UntouchedFile
{
    /// <summary>Leaves it as it is, and tells so.</summary>
    /// <param name="file">The file.</param>
    /// <param name="source">The same, opened.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="inPlace">Whether the files are replaced, so that it is there already.</param>
    /// <param name="skipped">The outcome, but for the output.</param>
    /// <param name="commit">Makes outputs appear.</param>
    /// <param name="step">The batch's progress.</param>
    /// <param name="answer">Told the outcome.</param>
    /// <param name="failed">Makes the outcome of a file that failed.</param>
    /// <param name="cancellation">The wish to stop.</param>
    public static void Leave<T>(
        SelectedFile file, FileSource source, string target, bool inPlace, T skipped, GroupCommit commit, IRunStep step, Action<T> answer,
        Func<SelectedFile, Formats.Errors.KexecSignException, T> failed, CancellationToken cancellation)
        where T : FileOutcome
    {
        if (inPlace)
        {
            step.Advance(file.Length);
            answer(skipped);
            return;
        }
        commit.Add(
            BatchTargets.Create(target, file, inPlace: false, commit.Folders),
            output => ContentPass.Run(source.ToLayout(), HashAlgorithmName.SHA256, output, step, cancellation),
            refused => answer(refused is null ? skipped with { Output = target } : failed(file, refused)));
    }
}
