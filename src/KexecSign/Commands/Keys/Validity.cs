using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Commands.Keys;

/// <summary>How long a certificate is good for, in plain words.</summary>
internal static class Validity
{
    private const int Soon = 90;

    public static string Of(X509Certificate2 certificate, DateTimeOffset now)
    {
        double until = (certificate.NotAfter.ToUniversalTime() - now.UtcDateTime).TotalDays;
        double from = (certificate.NotBefore.ToUniversalTime() - now.UtcDateTime).TotalDays;
        if (from > 0)
            return $"valid in {Days(from)}";
        return until < 0 ? $"expired {Days(-until)} ago" : until <= Soon ? $"expires in {Days(until)}" : $"valid for {Days(until)}";
    }

    /// <summary>Whether somebody should do something about it.</summary>
    public static bool NeedsCare(X509Certificate2 certificate, DateTimeOffset now) =>
        (certificate.NotAfter.ToUniversalTime() - now.UtcDateTime).TotalDays <= Soon;

    private static string Days(double days) => days switch
    {
        < 1 => "less than a day",
        < 2 => "1 day",
        < 2 * 365 => $"{(int)days} days",
        _ => $"{(int)(days / 365)} years",
    };
}
