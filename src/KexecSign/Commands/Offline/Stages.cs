using System.Security.Cryptography.X509Certificates;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;

namespace KexecSign.Commands.Offline;

/// <summary>The stages of a bundle by whose key they are for.</summary>
internal static class Stages
{
    /// <summary>What is wrong when there is none for a certificate.</summary>
    public static KexecSignException NoneFor(Bundle bundle, X509Certificate2 certificate)
    {
        string[] others = [.. bundle.Manifest.Stages.Select(stage => stage.Certificate.Subject).Distinct()];
        return OperationErrors.NothingForKey.With(certificate.Subject, bundle.Manifest.Stages.Length,
            others.Length == 0 ? "nobody" : string.Join(", ", others)).In(bundle.Folder);
    }
}
