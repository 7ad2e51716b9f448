using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Judging;
using KexecSign.Judging.Policies;
using KexecSign.Signing;

namespace KexecSign.Commands.Build;

/// <summary>
/// An image that need not be built again: its report says that it was made by the same recipe, its files are what the report
/// says, its consumers take it, and the policy of today holds. Anything in doubt is built again.
/// </summary>
internal static class KeptImage
{
    private const long MaxReport = 1 << 20;

    /// <summary>What the report says of it; null when it is to be built.</summary>
    public static BuildResult? Find(BuildOptions options, RunContext context)
    {
        if (options.Report is null || !File.Exists(options.Report))
            return null;
        try
        {
            BuildResult? report = JsonSerializer.Deserialize(WholeFile.ReadReplaceable(options.Report, MaxReport, "a report"),
                BuildJson.Default.BuildResult);
            string? reason = report is null ? "there is no report in it" : Difference(report, options, context);
            if (reason is null)
                return report;
            context.Log.Detail($"{options.Output} is built again: {reason}");
        }
        catch (JsonException)
        {
            context.Log.Detail($"{options.Output} is built again: {options.Report} is no report of a build");
        }
        catch (KexecSignException refused)
        {
            context.Log.Detail($"{options.Output} is built again: {refused.Message}");
        }
        return null;
    }

    private static string? Difference(BuildResult report, BuildOptions options, RunContext context)
    {
        if (report.Recipe != BuildRecipe.Of(options, path => BuildSources.HashOf(path, context), context))
            return "inputs, options, certificates or the program changed";
        // All files, and no others: one that the report leaves out would be kept unseen.
        string[] files = [.. BuildFiles.Of(options).Where(file => file != options.Report).Order(StringComparer.Ordinal)];
        if (report.File != options.Output || report.Outputs.IsDefault
            || !report.Outputs.Select(file => file?.File ?? "").Order(StringComparer.Ordinal).SequenceEqual(files))
            return "the report is of other files";
        foreach (BuildInput file in report.Outputs)
        {
            if (!Is(file, context))
                return $"{file.File} is not what was written";
        }
        if (report.Ima?.Xattr is { } name && ExtendedAttribute.TryGet(options.Output!, name) is var value
            && (value is null || Convert.ToHexStringLower(value) != report.Ima.Value))
            return $"{name} is not what was set";
        var signers = new BuildSigners(Certificate(options.Outer), Certificate(options.Inner), Certificate(options.Ima),
            options.Parser is not null);
        using var kept = JudgedFile.OpenReplaceable(options.Output!, context);
        if (BuildVerdicts.Refusal(BuildVerdicts.Of(kept, signers, context)) is { } refused)
            return $"{refused.Who} {refused.Says}: {refused.Reason}";
        PolicyDocument? policy = options.Policy is null ? null : PolicyDocument.Read(options.Policy, options.AllowedModules);
        // Who may have made the kit is asked anew, and so is what was pinned: neither is in the files.
        bool hasKit = AllowedKit.Open(options, policy, context) is not null;
        if (policy is null)
            return null;
        return PolicyCheck.Judge(policy, kept, signers.Roles.With(PolicyCheck.Trusted(policy, kept, context)), context, hasKit)
            .Findings.FirstOrDefault(f => !f.Holds) is { } broken ? $"{broken.Rule}: {broken.Says}" : null;

        // The key would say whose certificate it is, but what is kept needs no login.
        X509Certificate2? Certificate(SigningOptions signer) =>
            signer.Key is null ? null : CertificateBundle.SignerFirst(
                context.Keyring.OpenCertificates(signer.Certificate!, signer.Pin, context.Cancellation))[0];
    }

    private static bool Is(BuildInput file, RunContext context)
    {
        if (!File.Exists(file.File))
            return false;
        using FileSource source = FileSource.OpenReplaceable(file.File);
        return source.Length == file.Size && Convert.ToHexStringLower(
            LayoutPass.Hash(source.ToLayout(), HashAlgorithmName.SHA256, context)) == file.Sha256;
    }
}
