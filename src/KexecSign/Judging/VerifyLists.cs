using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Sbat;

namespace KexecSign.Judging;

/// <summary>What a machine allows and revokes besides the certificates that it trusts.</summary>
/// <param name="Allowed">The db.</param>
/// <param name="Revoked">The dbx.</param>
/// <param name="OwnerCertificates">MOKs: shim trusts them, and so does the kernel that shim started.</param>
/// <param name="OwnerRevoked">MokListX.</param>
/// <param name="SbatLevel">What shim demands of <c>.sbat</c>; null when it demands nothing.</param>
internal sealed record VerifyLists(
    SignatureDatabase Allowed, SignatureDatabase Revoked, ImmutableArray<X509Certificate2> OwnerCertificates,
        SignatureDatabase OwnerRevoked, SbatTable? SbatLevel)
{
    private const long MaxSbatLevel = 64 * 1024;

    /// <summary>A machine without lists.</summary>
    public static VerifyLists None { get; } = new(SignatureDatabase.Empty, SignatureDatabase.Empty, [], SignatureDatabase.Empty, null);

    /// <summary>The algorithms of the image digests in the lists.</summary>
    public IEnumerable<string> DigestAlgorithms =>
        Allowed.DigestAlgorithms.Concat(Revoked.DigestAlgorithms).Concat(OwnerRevoked.DigestAlgorithms).Distinct();

    /// <summary>These, and the owner's certificates of others. The lists themselves are a machine's, and given once.</summary>
    public VerifyLists With(VerifyLists more) => this with { OwnerCertificates = [.. OwnerCertificates, .. more.OwnerCertificates] };

    /// <summary>Whether db or dbx holds image digests by an algorithm.</summary>
    public bool Names(System.Security.Cryptography.HashAlgorithmName algorithm) =>
        Allowed.DigestAlgorithms.Contains(algorithm.Name) || Revoked.DigestAlgorithms.Contains(algorithm.Name);

    /// <summary>Reads the lists that options name.</summary>
    /// <param name="options">The options.</param>
    /// <param name="allowed">The file of db's lists; null for none.</param>
    /// <param name="context">Run context.</param>
    public static VerifyLists Read(VerifyOptions options, string? allowed, RunContext context) => new(
        SignatureDatabase.Read(allowed), SignatureDatabase.Read(options.Dbx),
        TrustedCertificates.Open(options.OwnerCertificates, context),
        SignatureDatabase.Read(options.OwnerDbx), ReadLevel(options.SbatLevel));

    private static SbatTable? ReadLevel(string? path)
    {
        try
        {
            return path is null ? null : SbatTable.ReadLevel(WholeFile.Read(path, MaxSbatLevel, "a SBAT level"));
        }
        catch (Formats.Errors.KexecSignException refused)
        {
            throw refused.In(path!);
        }
    }
}
