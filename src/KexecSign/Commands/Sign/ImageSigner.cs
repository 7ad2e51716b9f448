using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Signing;
using KexecSign.Signing.Timestamps;

namespace KexecSign.Commands.Sign;

/// <summary>Signs images with one identity: one alone, or a batch.</summary>
internal sealed class ImageSigner(SigningIdentity identity, SignOptions options, Timestamper? timestamper, RunContext context)
{
    /// <summary>Signs one image; what is wrong with it is raised.</summary>
    public SignedFile Sign(SelectedFile file, string target)
    {
        using FileSource source = Open(file);
        if (options.SkipSigned && OwnSignature.IsIn(source, identity, options, context))
            return Leave(file, source, target);
        if (options.Detached)
            return SignedFile.Of(file, DetachedSigning.Sign(source, target, identity, options, timestamper, context));
        using OutputFile output = options.InPlace ? OutputFile.Create(target) : OutputFile.Create(target, source.Path);
        SignedImage image = Write(source, output, step: null);
        output.Commit();
        return SignedFile.Of(file, image);
    }

    /// <summary>Signs a batch.</summary>
    public ImmutableArray<SignedFile> SignAll(ImmutableArray<SelectedFile> files, ImmutableArray<string> targets)
    {
        Dictionary<string, string> targetOf = BatchTargets.ByFile(files, targets);
        return Batch.Run<SignedFile>(files, "sign", context, SignedFile.Of, (file, commit, step, answer) =>
        {
            // Who names a stream among files has it read.
            using FileSource source = file.Root is null ? FileSource.OpenReplaceable(file.Path) : file.Open();
            string target = targetOf[file.Path];
            if (options.SkipSigned && OwnSignature.IsIn(source, identity, options, context))
            {
                UntouchedFile.Leave(file, source, target, options.InPlace, Skipped(file), commit, step, answer, SignedFile.Of,
                    context.Cancellation);
                return;
            }
            SignedImage? image = null;
            commit.Add(
                BatchTargets.Create(target, file, options.InPlace, commit.Folders),
                output => image = Write(source, output, step),
                refused => answer(refused is null ? SignedFile.Of(file, image!) : SignedFile.Of(file, refused)));
        });
    }

    private FileSource Open(SelectedFile file) => options.InPlace ? FileSource.OpenReplaceable(file.Path) : FileSource.Open(file.Path);

    private SignedImage Write(FileSource source, OutputFile output, IRunStep? step)
    {
        ImageSigning signing = Begin(source, output, step);
        try
        {
            signing.Sign(context, timestamper);
            return signing.Complete();
        }
        catch
        {
            signing.Dispose();
            throw;
        }
    }

    private ImageSigning Begin(FileSource source, OutputFile output, IRunStep? step)
    {
        try
        {
            return ImageSigning.Begin(DetachedSigning.Prepare(source, identity, options, context), identity, output, context,
                context.Answer == AnswerUse.Whole ? [HashAlgorithmName.SHA256] : [], step);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(source.Path);
        }
    }

    private SignedFile Leave(SelectedFile file, FileSource source, string target)
    {
        if (options.InPlace)
            return Skipped(file);
        WrittenFile.Write(source.ToLayout(), target, [source.Path], context);
        return Skipped(file) with { Output = target };
    }

    private static SignedFile Skipped(SelectedFile file) => new(file.Path, FileStatus.Skipped) { Note = "signed by this key already" };
}
