using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Signing;

namespace KexecSign.Commands.Build;

/// <summary>
/// A digest over all that decides what a build writes. Two builds with one recipe write the same bytes, unless a token makes
/// other ECDSA signatures each time.
/// </summary>
internal static class BuildRecipe
{
    /// <summary>The recipe of a build: contents of inputs, options, certificates, names of outputs, this program's version.</summary>
    /// <param name="options">The build.</param>
    /// <param name="content">SHA-256 of a file that goes into it.</param>
    /// <param name="context">Run context.</param>
    public static string Of(BuildOptions options, Func<string, string> content, RunContext context)
    {
        var text = new StringBuilder();
        Line("tool", ToolVersion.Number);
        foreach ((OptionSpec<BuildOptions> option, OptionRole<BuildOptions> role) in BuildRoles.With(OptionEffect.Content))
            Line(option.Name, role.Value(options) is { } path ? content(path) : null);
        foreach ((OptionSpec<BuildOptions> option, OptionRole<BuildOptions> role) in BuildRoles.With(OptionEffect.Value))
            Line(role.Recipe?.Name ?? option.Name, (role.Recipe?.Text ?? role.Value)(options));
        foreach (SignerRole signer in BuildRoles.With(OptionEffect.Signer).Select(o => o.Role).OfType<SignerRole>()
            .DistinctBy(role => role.Name))
            Line(signer.Name, signer.Get(options) is { Key: not null } identity ? Signer(identity) : null);
        foreach (string file in BuildFiles.Of(options))
            Line("output", Path.GetFullPath(file));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));

        // With its length, so that no value can be read as another line.
        void Line(string name, string? value) => text.Append(CultureInfo.InvariantCulture, $"{name} {value?.Length ?? -1} {value}\n");

        string Signer(SigningOptions signer) => string.Join(' ',
            context.Keyring.OpenCertificates(signer.Certificate!, signer.Pin, context.Cancellation)
                .Select(c => c.GetCertHashString(HashAlgorithmName.SHA256)).Prepend(signer.Digest ?? "default"));
    }
}
