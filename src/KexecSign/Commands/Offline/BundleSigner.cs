using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Kinds;
using KexecSign.Signing;

namespace KexecSign.Commands.Offline;

/// <summary>
/// Signs the stages of a bundle that are for one key. Whoever made the bundle is not believed: what it holds is hashed again, and looked
/// at, because a signature over attributes is an image's, whatever it was asked for.
/// </summary>
internal static class BundleSigner
{
    private const string AnswersName = "signatures";

    /// <summary>Signs; the answers are written when all are made.</summary>
    /// <exception cref="KexecSignException">KS3712, KS3726, KS3727.</exception>
    public static ImmutableArray<SignedStage> SignStages(BundleSignOptions options, SigningIdentity identity, RunContext context)
    {
        var bundle = Bundle.Open(options.Bundle);
        string fingerprint = BundleCertificate.Fingerprint(identity.Certificate);
        BundleStage[] stages = [.. bundle.Manifest.Stages.Where(stage =>
            stage.Certificate.Sha256 == fingerprint && !stage.Attached && stage.Level != BundleLevel.Digest && !IsAnswered(bundle, stage))];
        if (stages.Length == 0)
            throw Stages.NoneFor(bundle, identity.Certificate);
        var wanted = stages.Select(stage => (Stage: stage, Contents: Contents(bundle, stage).ToImmutableArray())).ToList();
        WarnOfRoles(wanted.SelectMany(stage => stage.Contents), context);
        var signed = wanted.Select(stage =>
            (stage.Stage, stage.Contents, Lines: Sign(stage.Stage, stage.Contents, identity, context))).ToList();
        foreach ((BundleStage stage, _, byte[] lines) in signed)
            bundle.Answer(stage, AnswersName, lines, context);
        return [.. signed.Select(s => new SignedStage(
            s.Stage.Number, s.Stage.Operation ?? "prepare", s.Contents.Length, s.Stage.Hashes.Count(request => request.Content is null),
            Path.Combine(bundle.AnswersFolder(s.Stage.Number), AnswersName)))];
    }

    // By whatever program; what an interrupted run left is no answer.
    private static bool IsAnswered(Bundle bundle, BundleStage stage) => Directory.Exists(bundle.AnswersFolder(stage.Number))
        && Directory.EnumerateFiles(bundle.AnswersFolder(stage.Number)).Any(file => !Leftovers.IsName(Path.GetFileName(file)));

    private static byte[] Sign(BundleStage stage, ImmutableArray<ContentToSign> contents, SigningIdentity identity, RunContext context)
    {
        SigningIdentity signer = identity with { Hash = SigningIdentity.HashNamed(stage.Digest)!.Value };
        ContentToSign[] different = [.. contents.DistinctBy(content => Convert.ToHexString(content.Hash.Span))];
        var signatures = new byte[different.Length][];
        using (context.Log.Step($"sign {different.Length} hash(es)", different.Length))
        {
            Workers.Run(different.Length, Workers.Default, i =>
                signatures[i] = signer.Key.SignContent(different[i], signer.Hash, context.Cancellation), context.Cancellation);
        }
        return AnswerFile.Write(different.Select((content, i) => (Convert.ToHexStringLower(content.Hash.Span), signatures[i])));
    }

    private static IEnumerable<ContentToSign> Contents(Bundle bundle, BundleStage stage)
    {
        HashKind hash = HashKind.Named(stage.Digest) is { Uses: not HashUses.None } known
            ? known
            : throw OperationErrors.NotABundle.With($"stage {stage.Number} is over '{Printable.Line(stage.Digest)}'").In(bundle.Folder);
        foreach (BundleFile file in stage.Files)
        {
            byte[] attributes = bundle.ReadRequest(stage.Number, file, "attributes");
            yield return Seen(new(file.Name, ContentKind.Authenticode, file.ToBeSigned ?? ""), attributes, stage, hash);
        }
        foreach (BundleRequest request in stage.Hashes)
        {
            yield return request.Content is { } content
                ? Seen(request, bundle.ReadRequest(stage.Number, content), stage, hash)
                : Unseen(request, stage, hash);
        }
    }

    // A hash of which nothing is to be seen is signed as one, and an agent may have been told not to.
    private static ContentToSign Unseen(BundleRequest request, BundleStage stage, HashKind hash)
    {
        if (request.Kind == ContentKind.Authenticode)
            throw Wrong(request, stage, "the signed attributes of an image are not there to be looked at");
        byte[] digest = new byte[hash.Length];
        return Convert.FromHexString(request.ToBeSigned, digest, out int read, out int written) == System.Buffers.OperationStatus.Done
            && read == request.ToBeSigned.Length && written == digest.Length
                ? new(ContentKind.Digest, digest, () => digest) { Name = Printable.Line(request.Name) }
                : throw Wrong(request, stage, $"'{Printable.Line(request.ToBeSigned)}' is no {hash.Word} hash");
    }

    private static ContentToSign Seen(BundleRequest request, byte[] content, BundleStage stage, HashKind hash)
    {
        byte[] digest = CryptographicOperations.HashData(hash.Name, content);
        string found = Convert.ToHexStringLower(digest);
        if (!found.Equals(request.ToBeSigned, StringComparison.OrdinalIgnoreCase))
            throw Wrong(request, stage, $"it says {hash.Word} {Printable.Line(request.ToBeSigned)}, and what it holds has {found}");
        if (request.Kind == ContentKind.Authenticode)
        {
            try
            {
                _ = SignedAttributes.FromDer(content);
            }
            catch (KexecSignException broken)
            {
                throw Wrong(request, stage, broken.Says);
            }
        }
        else if (AttributeSet.Is(Layout.Of(content)))
        {
            throw Wrong(request, stage, "it holds the signed attributes of a PE signature, and says that it is something else");
        }
        if (RawContent.FileIdKind(content, content.Length) is { } means && means != request.Kind)
            throw Wrong(request, stage, "it holds what signatures of version 3 are over, for IMA or EVM, and says that it is not that");
        return new(request.Kind, digest, () => content) { Name = Printable.Line(request.Name) };
    }

    private static void WarnOfRoles(IEnumerable<ContentToSign> contents, RunContext context)
    {
        bool[] images = [.. contents.Select(content => content.Kind == ContentKind.Authenticode).Distinct()];
        if (images.Length == 2)
        {
            context.Log.Warning("the bundle wants one key to sign images and other content: whoever may have one of them signed can make a "
                + "signature of the other of it; give each role a key of its own");
        }
    }

    private static KexecSignException Wrong(BundleRequest request, BundleStage stage, string why) =>
        OperationErrors.RequestWrong.With($"'{Printable.Line(request.Name)}'", stage.Number, why);
}
