using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Documents;
using KexecSign.Formats.Errors;
using KexecSign.Judging;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Provenance;

/// <summary>
/// Who vouches for a zboot kit: provenance of the file, as 'provenance sign' writes it, beside it under its name and <see cref="Suffix"/>.
/// A kit is code that is linked into the image, so plans, policies and command lines may demand a signer.
/// </summary>
internal static class KitSignature
{
    /// <summary>What the envelope's name has behind the kit's.</summary>
    public const string Suffix = ".intoto.json";

    /// <summary>The envelope of a kit.</summary>
    /// <param name="path">The kit; its name goes into the statement.</param>
    /// <param name="sha256">Its SHA-256, lower-case hex.</param>
    /// <param name="signer">Who vouches.</param>
    /// <param name="context">Run context.</param>
    public static byte[] Sign(string path, string sha256, SigningIdentity signer, RunContext context) => ProvenanceEnvelope.Sign(
        new ProvenanceStatement
        {
            Kind = ProvenanceStatement.FilesType,
            Subjects = [new(Path.GetFileName(path), sha256)],
            Materials = [],
            Builder = ProvenanceStatement.UnnamedBuilder,
            Certificates = [],
        },
        signer, context);

    /// <summary>Raises an error unless one of the certificates signed the kit as it was read; none given allows every kit.</summary>
    /// <param name="kit">The kit.</param>
    /// <param name="certificates">Certificate references of those who may sign kits.</param>
    /// <param name="who">Who demands it, for the message.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="KexecSignException">KS3340, KS3321, KS4661, KS4662.</exception>
    public static void Require(ZbootKit kit, ImmutableArray<string> certificates, string who, RunContext context)
    {
        if (certificates.IsEmpty)
            return;
        ImmutableArray<X509Certificate2> trusted = TrustedCertificates.Open(certificates, context);
        string envelope = kit.Path + Suffix;
        if (!Path.Exists(envelope))
            throw OperationErrors.KitUnsigned.With(who, Path.GetFileName(envelope)).In(kit.Path);
        try
        {
            (byte[] payload, _) = ProvenanceEnvelope.Open(PlacedDocument.Read(envelope, "provenance").Root, trusted);
            ImmutableArray<ProvenanceSubject> subjects = ProvenanceStatement.Read(payload).Subjects;
            if (!subjects.Any(s => s.Sha256 == kit.Sha256))
                throw VerifyErrors.ProvenanceOtherFile.With(subjects.Length, kit.Sha256, kit.Path);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(envelope);
        }
    }
}
