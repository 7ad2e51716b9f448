using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Authenticode;

namespace KexecSign.Judging;

/// <summary>
/// What becomes of a verdict when the signer's certificate is out of date. Firmware, shim and kernel have no clock that they trust and
/// look at neither dates nor timestamps, so the verdict stays what it is, and says so. A release process may want the dates to count;
/// then a timestamp of an authority that it trusts shows that the signature was made in time.
/// </summary>
internal static class Expiry
{
    /// <summary>The verdict with the dates taken into account as the options say.</summary>
    /// <param name="judged">The verdict and the signature that it rests on; null when it rests on none.</param>
    /// <param name="options">Whether dates count.</param>
    /// <param name="authorities">The timestamp authorities that are trusted.</param>
    /// <param name="context">Run context.</param>
    public static Verdict Apply(
        (Verdict Verdict, AuthenticodeSignature? Signature) judged, VerifyOptions options, ImmutableArray<X509Certificate2> authorities,
            RunContext context)
    {
        (Verdict verdict, AuthenticodeSignature? signature) = judged;
        if (verdict.Answer != Answer.Accepts || signature?.Signer is not { } signer)
            return verdict;
        DateTime from = signer.NotBefore.ToUniversalTime(), to = signer.NotAfter.ToUniversalTime(),
            now = context.Clock.GetUtcNow().UtcDateTime;
        if (now >= from && now <= to)
            return verdict;
        if (!options.ExpiredFails)
            return verdict with
            {
                Reason = $"{verdict.Reason}; its certificate is valid from {Day(from)} to {Day(to)} only, which does not count there",
            };
        if (signature.TimestampTokens.IsEmpty || authorities.IsEmpty)
            return Verdict.Refused(verdict.Consumer, VerifyErrors.Expired.With(signer.Subject, Day(from), Day(to), Day(now)));
        var refusals = new List<string>();
        foreach (ReadOnlyMemory<byte> token in signature.TimestampTokens)
        {
            Countersignature stamp = Countersignature.Check(token, signature.SignatureValue, authorities);
            if (stamp.Refusal is { } refusal)
                refusals.Add(refusal);
            else if (stamp.Time < from || stamp.Time > to)
                refusals.Add($"{stamp.Authority} stamped it on {Day(stamp.Time)}");
            else
                return verdict with
                {
                    Reason =
                    $"{verdict.Reason}; its certificate is valid from {Day(from)} to {Day(to)} only, but {stamp.Authority} saw the "
                    + $"signature on {Day(stamp.Time)}",
                };
        }
        return Verdict.Refused(verdict.Consumer,
            VerifyErrors.TimestampDoesNotHelp.With(signer.Subject, Day(from), Day(to), string.Join("; ", refusals)));
    }

    private static string Day(DateTime time) => time.ToString("yyyy-MM-dd");
}
