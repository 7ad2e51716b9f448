using KexecSign.Core.Errors;

namespace KexecSign.Core.Operations;

/// <summary>A SHA-256 as people write it.</summary>
internal static class Sha256Text
{
    private const int Digits = 64;

    /// <summary>Lower-case hex without colons.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3763.</exception>
    public static string Require(string text)
    {
        string hex = text.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant();
        return hex.Length == Digits && hex.All(char.IsAsciiHexDigit) ? hex : throw OperationErrors.NotSha256Hex.With(text);
    }
}
