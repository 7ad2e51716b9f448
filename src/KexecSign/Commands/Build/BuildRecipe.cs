using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Signing;

namespace KexecSign.Commands.Build;

/// <summary>
/// A digest over all that decides what a build writes. Two builds with one recipe write the same bytes, unless a token makes
/// other ECDSA signatures each time.
/// </summary>
internal static class BuildRecipe
{
    /// <summary>The recipe of a build: contents of inputs, options, certificates, names of outputs, this program's version.</summary>
    public static string Of(BuildOptions options, RunContext context)
    {
        var text = new StringBuilder();
        Line("tool", ToolVersion.Number);
        Line("image", Content(options.Image));
        Line("kit", Content(options.Kit));
        Line("sbat", Content(options.Sbat));
        Line("parser", Content(options.Parser));
        Line("policy", Content(options.Policy));
        Line("existing", StandingImage.Option(options.Existing));
        Line("compression", options.Compression);
        Line("level", options.Level?.ToString(CultureInfo.InvariantCulture));
        // What compresses is linked in or the machine's own: another one gives other bytes.
        Line("libraries", Compressor.Libraries(options.Zstd ?? default));
        Line("xattr", options.Xattr);
        Line("builder", options.Builder);
        foreach ((string role, SigningOptions signer) in ((string, SigningOptions)[])
            [("outer", options.Outer), ("inner", options.Inner), ("ima", options.Ima), ("provenance", options.ProvenanceSigner)])
        {
            Line(role, signer.Key is null ? null : Signer(signer));
        }
        foreach (string file in BuildFiles.Of(options))
            Line("output", Path.GetFullPath(file));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));

        // With its length, so that no value can be read as another line.
        void Line(string name, string? value) => text.Append(CultureInfo.InvariantCulture, $"{name} {value?.Length ?? -1} {value}\n");

        string? Content(string? path)
        {
            if (path is null)
                return null;
            using FileSource source = FileSource.Open(path);
            return Convert.ToHexStringLower(LayoutPass.Hash(source.ToLayout(), HashAlgorithmName.SHA256, context));
        }

        string Signer(SigningOptions signer) => string.Join(' ',
            context.Keyring.OpenCertificates(signer.Certificate!, signer.Pin, context.Cancellation)
                .Select(c => c.GetCertHashString(HashAlgorithmName.SHA256)).Prepend(signer.Digest ?? "default"));
    }
}
