using System.Globalization;
using KexecSign.Keys.Errors;

namespace KexecSign.Keys.Pkcs11;

/// <summary>How long a token may take for one piece of work: a few calls, with one signature among them at most.</summary>
internal static class TokenDeadline
{
    /// <summary>Seconds, 1 to 3600.</summary>
    public const string Variable = "KEXECSIGN_PKCS11_TIMEOUT";

    /// <summary>Cards take 1.5 s for a signature, touching one takes its owner some more.</summary>
    public static readonly TimeSpan Default = TimeSpan.FromSeconds(60);

    /// <summary>RSA-4096 keys take a card minutes.</summary>
    public const int TimesForKeyPairs = 10;

    /// <summary>Somebody types.</summary>
    public const int TimesForKeypads = 5;

    public static TimeSpan From(Func<string, string?> environment)
    {
        if (environment(Variable) is not { Length: > 0 } value)
            return Default;
        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds is >= 1 and <= 3600
            ? TimeSpan.FromSeconds(seconds)
            : throw KeyErrors.DeadlineMalformed.With(Variable, value);
    }
}
