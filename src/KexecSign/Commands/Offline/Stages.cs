using System.Security.Cryptography.X509Certificates;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;

namespace KexecSign.Commands.Offline;

/// <summary>The stages of a bundle by whose key they are for.</summary>
internal static class Stages
{
    /// <summary>What is wrong when none waits for a certificate.</summary>
    public static KexecSignException NoneFor(Bundle bundle, X509Certificate2 certificate)
    {
        string fingerprint = BundleCertificate.Fingerprint(certificate);
        BundleStage[] own = [.. bundle.Manifest.Stages.Where(stage => stage.Certificate.Sha256 == fingerprint)];
        string[] others = [.. bundle.Manifest.Stages.Select(stage => stage.Certificate.Subject).Distinct()];
        return OperationErrors.NothingForKey.With(certificate.Subject, own.Length > 0
            ? $"the {own.Length} that are have their answers already"
            : others.Length == 0 ? "it has none"
            : $"they are for {string.Join(", ", others)}").In(bundle.Folder);
    }
}
