using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Files;
using KexecSign.Formats.Uefi;

namespace KexecSign.Verification;

/// <summary>What a dbx revokes: image digests and certificates.</summary>
internal sealed class Revocations
{
    // Firmware holds dbx in its variable store; the largest in the field are a few hundred KiB.
    private const long MaxLength = 16 << 20;

    private readonly ImmutableArray<ReadOnlyMemory<byte>> _digests, _certificates;

    private Revocations(ImmutableArray<ReadOnlyMemory<byte>> digests, ImmutableArray<ReadOnlyMemory<byte>> certificates)
    {
        _digests = digests;
        _certificates = certificates;
    }

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

    /// <summary>Whether a certificate is revoked.</summary>
    public bool Contains(X509Certificate2 certificate) => _certificates.Any(c => c.Span.SequenceEqual(certificate.RawDataMemory.Span));

    /// <summary>The revoked certificates, for a kernel's blacklist keyring.</summary>
    public ImmutableArray<X509Certificate2> Certificates => [.. _certificates.Select(c => X509CertificateLoader.LoadCertificate(c.Span))];

    private static ImmutableArray<ReadOnlyMemory<byte>> Values(ImmutableArray<SignatureList> lists, Guid type) =>
        [.. lists.Where(l => l.Type == type).SelectMany(l => l.Entries).Select(e => e.Data)];
}
