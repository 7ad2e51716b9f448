using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Judging;

/// <summary>What an RFC 3161 timestamp over a signature says, and whether it can be believed.</summary>
/// <param name="Time">When the signature was there at the latest, UTC.</param>
/// <param name="Authority">Subject of the authority's certificate.</param>
/// <param name="Refusal">Why it says nothing; null when it holds.</param>
internal sealed record Countersignature(DateTime Time, string Authority, string? Refusal)
{
    /// <summary>Checks a token.</summary>
    /// <param name="token">DER of the token.</param>
    /// <param name="signature">The signature that it should be about.</param>
    /// <param name="authorities">Certificates of trusted authorities, or of those that issue theirs.</param>
    public static Countersignature Check(ReadOnlyMemory<byte> token, ReadOnlyMemory<byte> signature,
        ImmutableArray<X509Certificate2> authorities)
    {
        try
        {
            if (!Rfc3161TimestampToken.TryDecode(token, out Rfc3161TimestampToken? stamp, out _))
                return Refused("the timestamp cannot be read");
            // Checks the imprint, the token's own signature, that its certificate is for timestamps alone, and that it was valid then.
            if (!stamp.VerifySignatureForData(signature.Span, out X509Certificate2? authority, [.. authorities]))
                return Refused("the timestamp does not hold for this signature");
            ImmutableArray<X509Certificate2> companions = [.. stamp.AsSignedCms().Certificates];
            return CertificateTrust.Find(authority, companions, authorities) is null
                ? Refused($"the timestamp is by {authority.Subject}, which none of the {authorities.Length} trusted authorities is or "
                    + $"issued")
                : new(stamp.TokenInfo.Timestamp.UtcDateTime, authority.Subject, null);
        }
        catch (CryptographicException)
        {
            return Refused("the timestamp cannot be read");
        }
    }

    private static Countersignature Refused(string why) => new(default, "", why);
}
