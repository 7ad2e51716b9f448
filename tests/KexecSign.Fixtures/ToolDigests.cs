using System.Text.RegularExpressions;

namespace KexecSign.Fixtures;

/// <summary>Authenticode digests as the real tools compute or read them; lower-case hex.</summary>
public static partial class ToolDigests
{
    /// <summary>What pesign computes over an image.</summary>
    public static string Pesign(string image) => Hex64().Match(Tool.Run("pesign", "-h", "-i", image)).Value;

    /// <summary>What osslsigncode computes over a signed image, next to what it finds in the signature.</summary>
    public static (string Embedded, string Computed) Osslsigncode(string signed)
    {
        string output = Tool.Ask("osslsigncode", "verify", "-in", signed).Output;
        return (Current().Match(output).Groups[1].Value.ToLowerInvariant(), Calculated().Match(output).Groups[1].Value.ToLowerInvariant());
    }

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex Hex64();

    [GeneratedRegex("Current message digest *: *([0-9A-F]+)")]
    private static partial Regex Current();

    [GeneratedRegex("Calculated message digest *: *([0-9A-F]+)")]
    private static partial Regex Calculated();
}
