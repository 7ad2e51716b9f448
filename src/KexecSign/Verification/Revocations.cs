using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Files;
using KexecSign.Formats.Uefi;

namespace KexecSign.Verification;

/// <summary>What a dbx revokes: image digests and certificates.</summary>
internal sealed class Revocations
{
    // Firmware holds dbx in its variable store; the largest in the field are a few hundred KiB.
    private const long MaxLength = 16 << 20;

    private readonly ImmutableArray<ReadOnlyMemory<byte>> _digests;

    private Revocations(ImmutableArray<ReadOnlyMemory<byte>> digests, ImmutableArray<ReadOnlyMemory<byte>> certificates)
    {
        _digests = digests;
        Certificates = [.. certificates.SelectMany(Load)];
    }

    /// <summary>The revoked certificates.</summary>
    public ImmutableArray<X509Certificate2> Certificates { get; }

    /// <summary>Reads a file of EFI_SIGNATURE_LISTs; nothing is revoked when there is none.</summary>
    public static Revocations Read(string? path)
    {
        if (path is null)
            return new([], []);
        using FileSource source = FileSource.Open(path);
        try
        {
            ImmutableArray<SignatureList> lists = SignatureList.ReadAll(source.ToLayout().ReadBytes(0, Math.Min(source.Length, MaxLength)));
            return new(Values(lists, EfiGuids.CertSha256), Values(lists, EfiGuids.CertX509));
        }
        catch (Formats.Errors.KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    /// <summary>Whether an image digest is revoked.</summary>
    public bool Contains(byte[] digest) => _digests.Any(d => d.Span.SequenceEqual(digest));

    /// <summary>The revoked certificate that a signer is or leads to, or null.</summary>
    public X509Certificate2? Find(X509Certificate2 signer, ImmutableArray<X509Certificate2> companions) =>
        Certificates.IsEmpty ? null : CertificateTrust.Find(signer, companions, Certificates);

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

    private static ImmutableArray<ReadOnlyMemory<byte>> Values(ImmutableArray<SignatureList> lists, Guid type) =>
        [.. lists.Where(l => l.Type == type).SelectMany(l => l.Entries).Select(e => e.Data)];
}
