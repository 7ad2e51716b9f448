using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Cpio;
using KexecSign.Formats.Layouts;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.References;
using KexecSign.Signing;

namespace KexecSign.Commands.Offline;

/// <summary>Signs an archive as the Open Build Service does: each file over its SHA-256, by one RSA key.</summary>
internal static class ArchiveSigner
{
    private const uint FileMode = 0x1A4;

    /// <summary>Signs into the archive with <c>.sig</c> behind its name.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS1511, KS1901, KS3334, KS3726, KS3728.</exception>
    public static ImmutableArray<SignedStage> Sign(string path, SigningIdentity identity, RunContext context)
    {
        if (identity.Key.Algorithm != KeyAlgorithm.Rsa)
            throw OperationErrors.ArchiveUnfit.With("it is signed with RSA alone").In(path);
        SigningIdentity signer = identity with { Hash = HashAlgorithmName.SHA256 };
        using var source = FileSource.Open(path);
        NewcMember[] members = [.. ObsArchive.Members(source.ToLayout(), path)];
        if (members.Length == 0 || members.Select(member => member.Name).Distinct(StringComparer.Ordinal).Count() != members.Length)
            throw OperationErrors.ArchiveUnfit.With(members.Length == 0 ? "it holds no file" : "it holds two files of one name").In(path);
        ContentToSign[] contents = [.. members.Select(member => Content(path, member, context))];
        bool images = contents.Any(content => content.Kind == ContentKind.Authenticode);
        if (images && contents.Any(content => content.Kind != ContentKind.Authenticode))
            context.Log.Warning("one key signs images and other files, as the Open Build Service has it: whoever may have a file signed "
                + "can make an image's signature of it");
        var signatures = new byte[members.Length][];
        Workers.Run(members.Length, Workers.Default, i =>
            signatures[i] = signer.Key.SignContent(contents[i], signer.Hash, context.Cancellation), context.Cancellation);
        string target = path + BundleReference.SignedEnding;
        WrittenFile.Write(
            NewcArchive.Write(members.Select((member, i) =>
                (member.Name + BundleReference.SignedEnding, FileMode, Layout.Of(signatures[i])))),
            target, [path], context);
        return [new(1, Path.GetFileName(path), members.Length, 0, target)];
    }

    private static ContentToSign Content(string path, NewcMember member, RunContext context)
    {
        string name = Printable.Line(member.Name);
        if (member.Content.Length > int.MaxValue)
            throw OperationErrors.ArchiveUnfit.With($"'{name}' has 0x{member.Content.Length:x} bytes");
        ContentKind kind = ContentKind.Module;
        if (AttributeSet.Is(member.Content))
        {
            _ = SignedAttributes.FromDer(member.Content.ReadBytes(0, member.Content.Length));
            kind = ContentKind.Authenticode;
        }
        else
        {
            RawContent.RequireSignable(member.Content, $"{path}: {name}");
        }
        byte[] hash = LayoutPass.Hash(member.Content, HashAlgorithmName.SHA256, context);
        return new(kind, hash, () => member.Content.ReadBytes(0, member.Content.Length)) { Name = name };
    }
}
