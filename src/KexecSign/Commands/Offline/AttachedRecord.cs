using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Layouts;

namespace KexecSign.Commands.Offline;

/// <summary>What came out of a stage.</summary>
/// <param name="Number">The stage.</param>
/// <param name="Outputs">Its files, in the manifest's order.</param>
public sealed record AttachedStage(int Number, ImmutableArray<BundleOutput> Outputs);

/// <summary>
/// The folder <c>BUNDLE.attached</c> beside a bundle: which stages are done, and the PKCS#7 of each file for other tools. A bundle that
/// was away is never written to, because whoever had it decides what its names lead to.
/// </summary>
internal sealed class AttachedRecord
{
    private const long MaxLength = 16 << 20;
    private const string Der = ".p7", Pem = ".pem";
    private readonly string _folder;

    private AttachedRecord(string folder, ImmutableArray<AttachedStage> stages)
    {
        _folder = folder;
        Stages = stages;
    }

    /// <summary>The stages that are done.</summary>
    public ImmutableArray<AttachedStage> Stages { get; }

    /// <summary>Where the record of a bundle is.</summary>
    public static string FolderOf(string bundle) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(bundle)) + ".attached";

    /// <summary>Reads it; empty where nothing was attached yet.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3712.</exception>
    public static AttachedRecord Of(string bundle)
    {
        string folder = FolderOf(bundle), file = Path.Combine(folder, "attached.json");
        if (!Path.Exists(folder))
            return new(folder, []);
        if (new FileInfo(folder).LinkTarget is not null)
            throw OperationErrors.NotABundle.With("it is a link where the record of the bundle's stages should be").In(folder);
        PlainTree.Require(folder);
        if (!File.Exists(file))
            return new(folder, []);
        try
        {
            return new(folder, JsonSerializer.Deserialize(WholeFile.ReadReplaceable(file, MaxLength, "a record of stages"),
                OfflineJson.Default.ImmutableArrayAttachedStage));
        }
        catch (JsonException broken)
        {
            throw OperationErrors.NotABundle.Because(broken, "the record of its stages cannot be read").In(file);
        }
    }

    /// <summary>Adds a stage: its PKCS#7, which nothing names yet, and in the set of outputs the record that names it.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3003, KS3004.</exception>
    public void Add(BundleStage stage, ImmutableArray<BundleOutput> outputs, ImmutableArray<byte[]> pkcs7s, StagedFiles files,
        RunContext context)
    {
        string folder = Path.Combine(_folder, $"stage-{stage.Number}");
        try
        {
            Directory.CreateDirectory(folder);
            for (int i = 0; i < pkcs7s.Length; i++)
            {
                string path = Path.Combine(folder, stage.Files[i].Request);
                WrittenFile.Write(Layout.Of(pkcs7s[i]), path + Der, [], context);
                // osslsigncode takes PEM; what it calls DER is a whole table entry.
                WrittenFile.Write(Layout.Of(Encoding.ASCII.GetBytes(PemEncoding.WriteString("PKCS7", pkcs7s[i]) + "\n")), path + Pem, [],
                    context);
            }
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(folder);
        }
        string json = JsonSerializer.Serialize(Stages.Add(new(stage.Number, outputs)), OfflineJson.Default.ImmutableArrayAttachedStage);
        WrittenFile.Write(Layout.Of(Encoding.UTF8.GetBytes(json + "\n")), files.Add(Path.Combine(_folder, "attached.json")), [], context);
    }
    /// <summary>
    /// Takes the PKCS#7 of a stage away again whose images could not be put in place; what stays is not named by the record.
    /// </summary>
    public void TakeBack(BundleStage stage)
    {
        string folder = Path.Combine(_folder, $"stage-{stage.Number}");
        try
        {
            foreach (BundleFile file in stage.Files)
            {
                File.Delete(Path.Combine(folder, file.Request + Der));
                File.Delete(Path.Combine(folder, file.Request + Pem));
            }
            Directory.Delete(folder);
            Directory.Delete(_folder);
        }
        catch (Exception stays) when (stays is IOException or UnauthorizedAccessException)
        {
            // The folder may hold stages that are done, and what ended the run is what has to be told.
        }
    }
}
