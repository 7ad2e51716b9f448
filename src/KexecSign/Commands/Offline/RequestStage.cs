using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Reports;
using KexecSign.Keys.External;

namespace KexecSign.Commands.Offline;

/// <summary>
/// A stage of hashes. However many there are, they are one file of lines as <c>sha256sum</c> writes them, and the manifest; beside them
/// lies only what is hashed and short: attributes, metadata, statements.
/// </summary>
internal static class RequestStage
{
    /// <summary>The file of lines.</summary>
    public const string DigestsName = "digests";

    /// <summary>Adds a stage for what earlier stages do not ask for already.</summary>
    public static BundledKey Add(string place, string operation, X509Certificate2 certificate, string digest,
        ImmutableArray<AskedHash> asked, RunContext context)
    {
        var bundle = Bundle.OpenOrBegin(place);
        string fingerprint = BundleCertificate.Fingerprint(certificate);
        var known = bundle.Manifest.Stages.Where(stage => stage.Certificate.Sha256 == fingerprint && stage.Digest == digest)
            .SelectMany(stage => stage.Hashes).Select(request => request.ToBeSigned).ToHashSet(StringComparer.OrdinalIgnoreCase);
        ImmutableArray<AskedHash> wanted = [.. asked.Where(hash => !known.Contains(hash.Hash))];
        if (wanted.IsEmpty)
            return new(certificate.Subject, null, 0, asked.Length);
        var stage = new BundleStage
        {
            Number = bundle.Manifest.Stages.Length + 1,
            Level = BundleLevel.Hashes,
            Digest = digest,
            Certificate = BundleCertificate.Of(certificate, new AbsentKey(certificate)),
            Files = [],
            Operation = operation,
            Requests = [.. wanted.Select((hash, i) => new BundleRequest(hash.Name, hash.Kind, hash.Hash)
            {
                Content = hash.Content is null ? null : ContentName(i),
            })],
        };
        bundle.Add(stage, Files(stage, certificate, wanted), context);
        return new(certificate.Subject, stage.Number, wanted.Length, asked.Length - wanted.Length);
    }

    private static IEnumerable<(string Path, byte[] Content)> Files(
        BundleStage stage, X509Certificate2 certificate, ImmutableArray<AskedHash> wanted)
    {
        var lines = new StringBuilder();
        for (int i = 0; i < wanted.Length; i++)
        {
            lines.Append(wanted[i].Hash).Append("  ").Append(Printable.Line(wanted[i].Name)).Append('\n');
            if (wanted[i].Content is { } content)
                yield return ($"requests/{ContentName(i)}", content);
        }
        yield return ($"requests/{DigestsName}", Encoding.UTF8.GetBytes(lines.ToString()));
        yield return (Bundle.CertificatesName, Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n"));
        yield return (Bundle.ReviewName, Encoding.UTF8.GetBytes(ReviewText.Of(stage)));
    }

    private static string ContentName(int index) => $"{index + 1:00000}.content";
}
