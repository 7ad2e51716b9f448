using System.Text;
using KexecSign.Core.Reports;

namespace KexecSign.Commands.Offline;

/// <summary>What the person with the key reads before signing.</summary>
internal static class ReviewText
{
    /// <summary>
    /// The text for a stage. Names in it come from files and certificates, and are shown as they are, whatever they hold.
    /// </summary>
    public static string Of(BundleStage stage)
    {
        var text = new StringBuilder();
        text.AppendLine(stage.Hashes.IsEmpty
            ? $"Stage {stage.Number}: {stage.Files.Length} file(s) to be signed"
            : $"Stage {stage.Number}: {stage.Hashes.Length} hash(es) to be signed, for 'kexecsign {Shown(stage.Operation ?? "")}'");
        text.AppendLine();
        text.AppendLine($"with the key of  {Shown(stage.Certificate.Subject)}");
        text.AppendLine($"  issued by      {Shown(stage.Certificate.Issuer)}, serial {stage.Certificate.Serial}");
        text.AppendLine($"  fingerprint    sha256 {stage.Certificate.Sha256}");
        text.AppendLine($"  key            {stage.Certificate.Key}, valid until {stage.Certificate.NotAfter:yyyy-MM-dd}");
        foreach (BundleFile file in stage.Files)
            Add(text, stage, file);
        text.AppendLine();
        foreach (BundleRequest request in stage.Hashes)
            text.AppendLine($"{stage.Digest} {request.ToBeSigned}  {Word(request)}  {Shown(request.Name)}");
        if (!stage.Hashes.IsEmpty)
            text.AppendLine();
        foreach (string line in HowTo(stage))
            text.AppendLine(line);
        return text.ToString();
    }

    private static IEnumerable<string> HowTo(BundleStage stage) => stage.Level switch
    {
        BundleLevel.Attributes => Attributes(stage),
        BundleLevel.Digest => Digests(stage),
        BundleLevel.Hashes => Hashes(stage),
    };

    private static string Word(BundleRequest request) =>
        $"{request.Kind.ToString().ToLowerInvariant()} {(request.Content is { } content ? $"(requests/{content})" : "(hash alone)")}";

    private static void Add(StringBuilder text, BundleStage stage, BundleFile file)
    {
        text.AppendLine();
        text.AppendLine(Shown(file.Name));
        string version = file.LinuxVersion is null ? "no version of Linux was found in it" : $"Linux version {Shown(file.LinuxVersion)}";
        text.AppendLine($"  kernel         {version}");
        text.AppendLine($"  file           {file.Size} bytes, sha256 {file.Sha256}");
        text.AppendLine($"  image digest   {stage.Digest} {file.ImageDigest}");
        if (file.ToBeSigned is not null)
            text.AppendLine($"  to be signed   {stage.Digest} {file.ToBeSigned} (hash of the signed attributes)");
        string existing = file.Existing is Signing.ExistingSignatures.Refuse ? "none so far" : file.Existing.ToString().ToLowerInvariant();
        text.AppendLine($"  its signatures {existing}");
        if (file.Inner is { } inner)
        {
            text.AppendLine($"  kernel inside  sha256 {inner.Sha256}, "
                + (inner.SignedInStage is { } from ? $"signed in stage {from}"
                    : inner.Signed ? "signed, but in no stage of this bundle"
                    : "NOT signed"));
        }
    }

    // A line's end in a name would begin a line of its own.
    private static string Shown(string name) => Printable.Line(name);

    private static IEnumerable<string> Attributes(BundleStage stage) =>
    [
        "Sign each requests/*.attributes (or the ready-made hash of it, requests/*.hash) and put the bare signature into answers/,",
        "under any name:",
        $"  openssl dgst -{stage.Digest} -sign KEY -out answers/NAME.sig requests/NAME.attributes",
        $"  openssl pkeyutl -sign -inkey KEY -pkeyopt digest:{stage.Digest} -in requests/NAME.hash -out answers/NAME.sig",
        "Whole PKCS#7 signatures for the image digests are taken too, and attributes exported by pesign with a signature over them.",
    ];

    private static IEnumerable<string> Hashes(BundleStage stage) =>
    [
        "requests/digests has the same hashes, a line each. Of a module that is not compressed, and of a file for IMA, it is the file's",
        "own hash: 'sha256sum -c' tells whether it is of the file that you have. Sign them with",
        "  kexecsign bundle sign BUNDLE --key KEY --cert CERT",
        "or each of them with another program, under any name (with an EC key under that of the hash):",
        "  while read -r hash name; do printf %s $hash | xxd -r -p | openssl pkeyutl -sign -inkey KEY \\",
        $"    -pkeyopt digest:{stage.Digest} -out answers/$hash.sig; done < requests/digests",
    ];

    private static IEnumerable<string> Digests(BundleStage stage) =>
    [
        "requests/*.digest are the image digests; put a PKCS#7 (Authenticode) for each into answers/, under any name. With openssl:",
        $"  openssl cms -sign -binary -nodetach -md {stage.Digest} -econtent_type 1.3.6.1.4.1.311.2.1.4 -nosmimecap \\",
        "    -in requests/NAME.content -signer CERT -inkey KEY -outform DER -out answers/NAME.p7",
    ];
}
