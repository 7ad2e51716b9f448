using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Files;
using KexecSign.Formats.Uefi;

namespace KexecSign.Judging;

/// <summary>What a db, dbx or MokListX holds: image digests, certificates, and hashes of certificates.</summary>
internal sealed class SignatureDatabase
{
    // Firmware holds these in its variable store; the largest in the field are a few hundred KiB.
    private const long MaxLength = 16 << 20;

    // EFI_CERT_X509_SHA256 and its kin: the hash of TBSCertificate, then the time of revocation.
    private const int TimeSize = 16;

    // SHA-1 has no list of certificate hashes.
    private static readonly ImmutableArray<HashType> HashTypes =
    [
        new(EfiGuids.CertSha1, Guid.Empty, HashAlgorithmName.SHA1, 20),
        new(EfiGuids.CertSha256, EfiGuids.CertX509Sha256, HashAlgorithmName.SHA256, 32),
        new(EfiGuids.CertSha384, EfiGuids.CertX509Sha384, HashAlgorithmName.SHA384, 48),
        new(EfiGuids.CertSha512, EfiGuids.CertX509Sha512, HashAlgorithmName.SHA512, 64),
    ];

    private readonly ImmutableArray<Hashes> _digests;
    private readonly ImmutableArray<Hashes> _certificateHashes;

    private SignatureDatabase(ImmutableArray<SignatureList> lists)
    {
        IsEmpty = lists.IsEmpty;
        ImmutableArray<SignatureList> certificates = [.. lists.Where(l => l.Type == EfiGuids.CertX509)];
        Certificates = [.. certificates.SelectMany(l => l.Entries).SelectMany(e => Load(e.Data))];
        FirstCertificates = [.. certificates.SelectMany(l => Load(l.Entries[0].Data))];
        _digests = Values(lists, t => t.Digests, 0);
        _certificateHashes = Values(lists, t => t.Certificates, TimeSize);
    }

    /// <summary>One that holds nothing.</summary>
    public static SignatureDatabase Empty { get; } = new([]);

    /// <summary>Whether nothing is in it, as if the variable were not there.</summary>
    public bool IsEmpty { get; }

    /// <summary>The certificates.</summary>
    public ImmutableArray<X509Certificate2> Certificates { get; }

    /// <summary>The first certificate of each list: shim looks at no other (verify.c, check_db_cert_in_ram()).</summary>
    public ImmutableArray<X509Certificate2> FirstCertificates { get; }

    /// <summary>The algorithms of the image digests in it.</summary>
    public IEnumerable<string> DigestAlgorithms => _digests.Select(d => d.Algorithm.Name!);

    /// <summary>Reads a file of EFI_SIGNATURE_LISTs, a signed update or a file of efivarfs; nothing is in it when there is none.</summary>
    public static SignatureDatabase Read(string? path)
    {
        if (path is null)
            return Empty;
        try
        {
            return new(SignatureList.ReadFile(WholeFile.Read(path, MaxLength, "a list of signatures")));
        }
        catch (Formats.Errors.KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    /// <summary>Whether an image's digest is in it.</summary>
    public bool Holds(HashAlgorithmName algorithm, ReadOnlySpan<byte> digest)
    {
        string hex = Convert.ToHexStringLower(digest);
        return _digests.Any(d => d.Algorithm == algorithm && d.Values.Contains(hex));
    }

    /// <summary>
    /// Whether the hash of a certificate is in it (EDK2 DxeImageVerificationLib.c, IsCertHashFoundInDbx(); shim does not look).
    /// </summary>
    public bool HoldsHashOf(X509Certificate2 certificate)
    {
        if (_certificateHashes.IsEmpty)
            return false;
        ReadOnlyMemory<byte> signed = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.BER).ReadSequence().ReadEncodedValue();
        return _certificateHashes.Any(t => t.Values.Contains(
            Convert.ToHexStringLower(CryptographicOperations.HashData(t.Algorithm, signed.Span))));
    }

    private static ImmutableArray<Hashes> Values(ImmutableArray<SignatureList> lists, Func<HashType, Guid> type, int tail) =>
    [
        .. HashTypes
            .Select(t => new Hashes(t.Algorithm, lists.Where(l => l.Type == type(t)
                && l.Type != Guid.Empty).SelectMany(l => l.Entries).Where(e => e.Data.Length == t.Length + tail)
                .Select(e => Convert.ToHexStringLower(e.Data.Span[..t.Length])).ToHashSet(StringComparer.Ordinal)))
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

    private sealed record HashType(Guid Digests, Guid Certificates, HashAlgorithmName Algorithm, int Length);

    private sealed record Hashes(HashAlgorithmName Algorithm, HashSet<string> Values);
}
