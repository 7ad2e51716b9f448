using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using KexecSign.Core.Errors;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Signing;

namespace KexecSign.Commands.Offline;

/// <summary>
/// Finds for each answer the file that it belongs to, by what it signs and never by its name, and makes the PKCS#7. An answer
/// that fits nothing stops everything: it means that something else was signed, or by someone else.
/// </summary>
internal sealed class AnswerMatching
{
    private readonly BundleStage _stage;
    private readonly SigningIdentity _identity;
    private readonly ImmutableArray<Request> _requests;

    private AnswerMatching(Bundle bundle, BundleStage stage, SigningIdentity identity)
    {
        _stage = stage;
        _identity = identity;
        _requests = [.. stage.Files.Select(file => new Request(bundle, stage, file, identity.Hash))];
    }

    /// <summary>The PKCS#7 for each file of a stage, in the stage's order.</summary>
    /// <exception cref="KexecSignException">KS3712, KS3715-KS3717.</exception>
    public static ImmutableArray<byte[]> Complete(Bundle bundle, BundleStage stage, SigningIdentity identity,
        ImmutableArray<SignerAnswer> answers)
    {
        var matching = new AnswerMatching(bundle, stage, identity);
        foreach (SignerAnswer answer in answers.OrderByDescending(a => a.Kind == AnswerKind.Attributes))
        {
            try
            {
                if (!matching.Take(answer) && !answer.IsOneOfMany)
                {
                    throw OperationErrors.AnswerFitsNothing.With(
                        Path.GetFileName(answer.Path), answer.Bytes.Length, stage.Files.Length, stage.Number, identity.Certificate.Subject,
                            stage.Digest);
                }
            }
            catch (KexecSignException refused)
            {
                throw refused.In(answer.Path);
            }
        }
        ImmutableArray<string> missing = [.. matching._requests.Where(r => r.Pkcs7 is null).Select(r => r.File.Name)];
        return missing.IsEmpty
            ? [.. matching._requests.Select(r => r.Pkcs7!)]
            : throw OperationErrors.AnswersMissing.With(missing.Length, stage.Files.Length, string.Join(", ", missing),
                bundle.AnswersFolder(stage.Number));
    }

    private bool Take(SignerAnswer answer) => answer.Kind switch
    {
        AnswerKind.Attributes => Add(SignedAttributes.FromDer(answer.Bytes)),
        AnswerKind.SignedData => TakeSignedData(answer.Bytes),
        _ => TakeBare(answer.Bytes),
    };

    private bool Add(SignedAttributes attributes)
    {
        bool fits = false;
        foreach (Request request in _requests)
            fits |= request.Offer(attributes, _identity.Hash);
        return fits;
    }

    // Two files may be the same, and one signature is then good for both.
    private bool TakeBare(byte[] signature)
    {
        bool fits = false;
        foreach (Request request in _requests)
        {
            foreach ((SignedAttributes attributes, byte[] content, HashAlgorithmName hash) in request.Offers)
                fits |= Fit(request, attributes, content, hash, signature);
        }
        return fits;
    }

    private bool TakeSignedData(byte[] der)
    {
        AuthenticodeSignature? whole = TryDecode(der);
        if (whole is null)
            return TakeCms(CmsSignature.Read(der));
        bool fits = false;
        foreach (Request request in _requests.Where(r => r.Statement.Hash == whole.IndirectData.Hash
            && r.Statement.Digest.Span.SequenceEqual(whole.IndirectData.Digest.Span)))
        {
            if (whole.Signer is not { } signer || !signer.RawDataMemory.Span.SequenceEqual(_identity.Certificate.RawDataMemory.Span))
                throw OperationErrors.AnswerWrong.With(request.File.Name,
                    $"it is by {whole.Signer?.Subject ?? "a certificate that is not included"}, not by {_identity.Certificate.Subject}");
            var cms = CmsSignature.Read(der);
            // The statement was read and is for this file; its bytes differ from tool to tool.
            byte[] content = whole.Content.ToArray();
            bool bound = CryptographicOperations.HashData(cms.Hash, SpcIndirectData.HashedOctets(content).Span).AsSpan()
                .SequenceEqual(cms.Attributes.MessageDigest.Span);
            if (!whole.SignaturesHold() || !bound || !Fit(request, cms.Attributes, content, cms.Hash, cms.Signature.ToArray(),
                Timestamp(whole)))
                throw OperationErrors.AnswerWrong.With(request.File.Name, "its signature does not hold");
            fits = true;
        }
        return fits;
    }

    // The one thing besides that a signer may add: a timestamp that is over this signature, written anew.
    private static ReadOnlyMemory<byte> Timestamp(AuthenticodeSignature whole)
    {
        foreach (ReadOnlyMemory<byte> der in whole.TimestampTokens)
        {
            if (Rfc3161TimestampToken.TryDecode(der, out Rfc3161TimestampToken? token, out int read) && read == der.Length
                && token.VerifySignatureForData(whole.SignatureValue.Span, out _))
                return token.AsSignedCms().Encode();
        }
        return default;
    }

    private bool TakeCms(CmsSignature cms)
    {
        bool fits = false;
        foreach (Request request in _requests)
        {
            foreach (byte[] content in request.FormsOf(cms.Attributes, cms.Hash))
                fits |= Fit(request, cms.Attributes, content, cms.Hash, cms.Signature.ToArray());
        }
        return fits;
    }

    // Only what was checked goes in: the statement, the attributes and the signature, with our own certificates around them.
    private bool Fit(Request request, SignedAttributes attributes, byte[] content, HashAlgorithmName hash, byte[] signature,
        ReadOnlyMemory<byte> timestamp = default)
    {
        if (BareSignature.Check(_identity.Certificate, attributes.Hash(hash), hash, signature) is not { } sound)
            return false;
        request.Pkcs7 = AuthenticodeSignedData.Encode(content, attributes, hash, _identity.Certificates, _identity.Scheme, sound,
            timestamp);
        return true;
    }

    private static AuthenticodeSignature? TryDecode(byte[] der)
    {
        try
        {
            return AuthenticodeSignature.Decode(der);
        }
        catch (KexecSignException)
        {
            return null;
        }
    }

    /// <summary>A file that waits, and what may have been signed for it.</summary>
    private sealed class Request
    {
        private readonly List<(SignedAttributes, byte[], HashAlgorithmName)> _offers = [];

        public Request(Bundle bundle, BundleStage stage, BundleFile file, HashAlgorithmName hash)
        {
            File = file;
            Statement = new(hash, DigestOf(bundle, file, hash));
            if (stage.Level == BundleLevel.Attributes
                && !Offer(SignedAttributes.FromDer(bundle.ReadRequest(stage.Number, file, "attributes")), hash))
                throw OperationErrors.NotABundle.With($"the attributes of {file.Name} are not for its digest {file.ImageDigest}")
                    .In(bundle.Folder);
        }

        public BundleFile File { get; }

        public SpcIndirectData Statement { get; }

        public byte[]? Pkcs7 { get; set; }

        public IReadOnlyList<(SignedAttributes Attributes, byte[] Content, HashAlgorithmName Hash)> Offers => _offers;

        public bool Offer(SignedAttributes attributes, HashAlgorithmName hash)
        {
            int before = _offers.Count;
            _offers.AddRange(FormsOf(attributes, hash).Select(content => (attributes, content, hash)));
            return _offers.Count > before;
        }

        /// <summary>The forms of the statement that attributes bind.</summary>
        public IEnumerable<byte[]> FormsOf(SignedAttributes attributes, HashAlgorithmName hash) => Statement.Forms().Where(content =>
            CryptographicOperations.HashData(hash, SpcIndirectData.HashedOctets(content).Span).AsSpan()
                .SequenceEqual(attributes.MessageDigest.Span));

        private static byte[] DigestOf(Bundle bundle, BundleFile file, HashAlgorithmName hash)
        {
            byte[] digest = new byte[HashKind.Of(hash).Length];
            return Convert.FromHexString(file.ImageDigest, digest, out int consumed, out int written) == System.Buffers.OperationStatus.Done
                && written == digest.Length && consumed == file.ImageDigest.Length
                    ? digest
                    : throw OperationErrors.NotABundle.With($"'{file.ImageDigest}' is no {hash.Name} digest").In(bundle.Folder);
        }
    }
}
