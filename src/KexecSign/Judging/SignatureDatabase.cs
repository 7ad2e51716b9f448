using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Files;
using KexecSign.Formats.Uefi;
using KexecSign.Images;

namespace KexecSign.Judging;

/// <summary>What a db, dbx or MokListX holds: image digests, certificates, and hashes of certificates.</summary>
internal sealed class SignatureDatabase
{
    // Firmware holds these in its variable store; the largest in the field are a few hundred KiB.
    private const long MaxLength = 16 << 20;

    // EFI_CERT_X509_SHA256 and its kin: the hash of TBSCertificate, then the time of revocation.
    private const int TimeSize = 16;

    private static readonly ImmutableArray<HashType> HashTypes =
    [
        new(EfiGuids.CertSha256, EfiGuids.CertX509Sha256, HashAlgorithmName.SHA256),
        new(EfiGuids.CertSha384, EfiGuids.CertX509Sha384, HashAlgorithmName.SHA384),
        new(EfiGuids.CertSha512, EfiGuids.CertX509Sha512, HashAlgorithmName.SHA512),
    ];

    private readonly ImmutableArray<Hashes> _digests;
    private readonly ImmutableArray<Hashes> _certificateHashes;

    private SignatureDatabase(ImmutableArray<SignatureList> lists)
    {
        Certificates = [.. lists.Where(l => l.Type == EfiGuids.CertX509).SelectMany(l => l.Entries).SelectMany(e => Load(e.Data))];
        _digests = Values(lists, t => t.Digests, 0);
        _certificateHashes = Values(lists, t => t.Certificates, TimeSize);
    }

    /// <summary>One that holds nothing.</summary>
    public static SignatureDatabase Empty { get; } = new([]);

    /// <summary>The certificates.</summary>
    public ImmutableArray<X509Certificate2> Certificates { get; }

    /// <summary>The algorithms of the image digests in it.</summary>
    public IEnumerable<string> DigestAlgorithms => _digests.Select(d => d.Algorithm.Name!);

    /// <summary>Reads a file of EFI_SIGNATURE_LISTs; nothing is in it when there is none.</summary>
    public static SignatureDatabase Read(string? path)
    {
        if (path is null)
            return Empty;
        try
        {
            return new(SignatureList.ReadAll(WholeFile.Read(path, MaxLength, "a list of signatures")));
        }
        catch (Formats.Errors.KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    /// <summary>The image digest that is in it, with its algorithm; null when none is.</summary>
    /// <param name="image">Digests of the image.</param>
    /// <param name="only">The algorithm whose digests count; null for all.</param>
    public string? FindDigest(ReadDigests image, HashAlgorithmName? only = null)
    {
        foreach (Hashes hashes in _digests.Where(h => only is null || h.Algorithm == only))
        {
            if (image.Hex(hashes.Algorithm) is { } digest && hashes.Values.Contains(digest))
                return $"{hashes.Algorithm.Name} digest {digest}";
        }
        return null;
    }

    /// <summary>The certificate in it that a signer is or leads to, by itself or by its hash; null when there is none.</summary>
    public X509Certificate2? Find(X509Certificate2 signer, ImmutableArray<X509Certificate2> companions)
    {
        if (!_certificateHashes.IsEmpty && companions.Add(signer).FirstOrDefault(HasHashOf) is { } hashed)
            return hashed;
        return Certificates.IsEmpty ? null : CertificateTrust.Find(signer, companions, Certificates);
    }

    private bool HasHashOf(X509Certificate2 certificate)
    {
        ReadOnlyMemory<byte> signed = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.BER).ReadSequence().ReadEncodedValue();
        return _certificateHashes.Any(t => t.Values.Contains(Convert.ToHexStringLower(CryptographicOperations.HashData(t.Algorithm, signed.Span))));
    }

    private static ImmutableArray<Hashes> Values(ImmutableArray<SignatureList> lists, Func<HashType, Guid> type, int tail) =>
    [
        .. HashTypes
            .Select(t => new Hashes(t.Algorithm, lists.Where(l => l.Type == type(t)).SelectMany(l => l.Entries).Where(e => e.Data.Length > tail)
                .Select(e => Convert.ToHexStringLower(e.Data.Span[..^tail])).ToHashSet(StringComparer.Ordinal)))
            .Where(t => t.Values.Count > 0),
    ];

    // Firmware and kernel pass over entries that they cannot read; none of them can be a signer's.
    private static IEnumerable<X509Certificate2> Load(ReadOnlyMemory<byte> der)
    {
        try
        {
            return [X509CertificateLoader.LoadCertificate(der.Span)];
        }
        catch (CryptographicException)
        {
            return [];
        }
    }

    private sealed record HashType(Guid Digests, Guid Certificates, HashAlgorithmName Algorithm);

    private sealed record Hashes(HashAlgorithmName Algorithm, HashSet<string> Values);
}
