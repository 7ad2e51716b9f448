using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;

namespace KexecSign.Signing.Timestamps;

/// <summary>The signing time that a signer claims: SOURCE_DATE_EPOCH, or the clock where that is not set.</summary>
internal static class SigningTime
{
    /// <summary>The time, in whole seconds.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3802, KS3803.</exception>
    public static DateTimeOffset Get(X509Certificate2 signer, RunContext context)
    {
        DateTimeOffset time = context.Environment("SOURCE_DATE_EPOCH") is { Length: > 0 } epoch
            ? Parse(epoch)
            : DateTimeOffset.FromUnixTimeSeconds(context.Clock.GetUtcNow().ToUnixTimeSeconds());
        // pkcs7_verify_one(): EKEYREJECTED, though the kernel never looks at the clock.
        return time.UtcDateTime >= signer.NotBefore.ToUniversalTime() && time.UtcDateTime <= signer.NotAfter.ToUniversalTime()
            ? time
            : throw OperationErrors.SigningTimeOutside.With(time.UtcDateTime, signer.NotBefore.ToUniversalTime(),
                signer.NotAfter.ToUniversalTime());
    }

    // The year 9999 is the last that GeneralizedTime and .NET can write.
    private static DateTimeOffset Parse(string epoch) =>
        long.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)
            && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw OperationErrors.SourceDateEpochWrong.With(epoch);
}
