using System.Security.Cryptography.X509Certificates;
using KexecSign.Errors;
using KexecSign.Running;

namespace KexecSign.Verification;

/// <summary>
/// What becomes of a verdict when the signer's certificate is out of date. Firmware and kernel have no clock that they trust and
/// look at no dates, so it stays what it is, and says so; a release process may want it to count.
/// </summary>
internal static class Expiry
{
    /// <summary>The verdict with the dates taken into account as the options say.</summary>
    public static Verdict Apply((Verdict Verdict, X509Certificate2? Signer) judged, VerifyOptions options, RunContext context)
    {
        (Verdict verdict, X509Certificate2? signer) = judged;
        DateTime now = context.Clock.GetUtcNow().UtcDateTime;
        if (verdict.Answer != Answer.Accepts || signer is null || (now >= signer.NotBefore.ToUniversalTime() && now <= signer.NotAfter.ToUniversalTime()))
            return verdict;
        return options.ExpiredFails
            ? Verdict.Refused(verdict.Consumer, VerifyErrors.Expired.With(signer.Subject, Day(signer.NotBefore), Day(signer.NotAfter), Day(now)))
            : verdict with { Reason = $"{verdict.Reason}; its certificate is valid from {Day(signer.NotBefore)} to {Day(signer.NotAfter)} only, which does not count there" };
    }

    private static string Day(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd");
}
