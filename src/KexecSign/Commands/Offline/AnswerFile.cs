using System.Security.Cryptography;
using System.Text;
using KexecSign.Core.Errors;
using KexecSign.Files;

namespace KexecSign.Commands.Offline;

/// <summary>A bare signature that came back.</summary>
/// <param name="Where">The file, the line or the name in an archive.</param>
/// <param name="Hash">The hash that it is said to be over, hex; null when nothing is said.</param>
/// <param name="Bytes">The signature.</param>
internal sealed record FoundAnswer(string Where, string? Hash, byte[] Bytes);

/// <summary>
/// The forms in which signatures come back: one in a file, whose name may be the hash; thousands as lines of hash and Base64, as
/// <c>bundle sign</c> writes them; and the archive of the Open Build Service.
/// </summary>
internal static class AnswerFile
{
    private const long MaxLength = 256 << 20;
    private const int LongestSignature = 1 << 12;

    /// <summary>The signatures in a file.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3725, KS3728.</exception>
    public static IEnumerable<FoundAnswer> Read(string path)
    {
        byte[] bytes = WholeFile.Read(path, MaxLength, "a file of signatures");
        string name = Path.GetFileName(path);
        if (ObsArchive.IsArchive(bytes))
            return ObsArchive.Signatures(bytes, path);
        if (IsLines(bytes))
            return Lines(bytes, name);
        return [new(name, IsHash(Path.GetFileNameWithoutExtension(name)) ? Path.GetFileNameWithoutExtension(name) : null, Bare(bytes))];
    }

    /// <summary>Lines of hash and signature.</summary>
    public static byte[] Write(IEnumerable<(string Hash, byte[] Signature)> signatures)
    {
        var text = new StringBuilder();
        foreach ((string hash, byte[] signature) in signatures)
            text.Append(hash).Append(' ').Append(Convert.ToBase64String(signature)).Append('\n');
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    private static bool IsHash(string text) => text.Length is 64 or 96 or 128 && text.All(char.IsAsciiHexDigit);

    /// <summary>Whether bytes are such lines.</summary>
    public static bool IsLines(ReadOnlySpan<byte> bytes)
    {
        int blank = bytes.IndexOf((byte)' ');
        return blank is 64 or 96 or 128 && IsHash(Encoding.Latin1.GetString(bytes[..blank]));
    }

    /// <summary>What the lines say.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3725.</exception>
    public static IEnumerable<FoundAnswer> Lines(byte[] bytes, string name)
    {
        int number = 0;
        foreach (string line in Encoding.Latin1.GetString(bytes).Split('\n'))
        {
            number++;
            if (line.Length == 0)
                continue;
            string[] words = line.Split(' ');
            byte[] signature = new byte[LongestSignature];
            if (words.Length != 2 || !IsHash(words[0]) || !Convert.TryFromBase64String(words[1], signature, out int length))
                throw OperationErrors.AnswerUnsound.With($"line {number} of {name}", line.Length, "anybody", "");
            yield return new($"line {number} of {name}", words[0].ToLowerInvariant(), signature[..length]);
        }
    }

    private static byte[] Bare(byte[] bytes)
    {
        string text = bytes.Length < 1 << 16 ? Encoding.Latin1.GetString(bytes) : "";
        return PemEncoding.TryFind(text, out PemFields fields) ? Convert.FromBase64String(text[fields.Base64Data]) : bytes;
    }
}
