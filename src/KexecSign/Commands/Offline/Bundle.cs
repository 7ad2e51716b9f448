using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Commands.Offline;

/// <summary>
/// The folder that goes to the signer and comes back: <c>manifest.json</c>, and for each stage <c>requests</c>,
/// <c>answers</c> and the certificates. It has been in other hands, so nothing in it is believed: names are only names, and what
/// a signature is for is computed again from the files.
/// </summary>
internal sealed class Bundle
{
    private const long MaxManifest = 64 << 20;
    private const long MaxPart = 1 << 20;

    /// <summary>The most requests that a stage has: more than the files of any package.</summary>
    public const int MostRequests = 200_000;

    private Bundle(string folder, BundleManifest manifest)
    {
        Folder = folder;
        Manifest = manifest;
    }

    /// <summary>What a person reads before signing.</summary>
    public const string ReviewName = "review.txt";

    /// <summary>The signer's certificate and its chain.</summary>
    public const string CertificatesName = "certificates.pem";

    /// <summary>Where it is.</summary>
    public string Folder { get; }

    /// <summary>Its stages so far.</summary>
    public BundleManifest Manifest { get; }

    private string ManifestPath => Path.Combine(Folder, "manifest.json");

    /// <summary>Opens a bundle, or begins one in a folder that is empty or not there.</summary>
    /// <exception cref="KexecSignException">KS3712 when the folder holds something else.</exception>
    public static Bundle OpenOrBegin(string folder)
    {
        if (File.Exists(Path.Combine(folder, "manifest.json")))
            return Open(folder);
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any(entry => !IsOfInterruptedRun(entry)))
            throw OperationErrors.NotABundle.With("the folder is not empty and has no manifest.json").In(folder);
        return new(folder, new());
    }

    // A run that was killed before it named its first stage.
    private static bool IsOfInterruptedRun(string entry) =>
        Leftovers.IsName(Path.GetFileName(entry))
            || (Path.GetFileName(entry) == "stage-1" && Directory.Exists(entry) && IsUnfinishedStage(entry));

    // Of an unfinished stage every file can be made anew. What somebody put there since, answers above all, is nobody's to delete.
    private static bool IsUnfinishedStage(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).All(file =>
        Leftovers.IsName(Path.GetFileName(file)) || Path.GetRelativePath(folder, file) is ReviewName or CertificatesName
            || Path.GetDirectoryName(file) == Path.Combine(folder, "requests"));

    /// <summary>Opens a bundle.</summary>
    /// <exception cref="KexecSignException">KS3712, KS3001, KS3002.</exception>
    public static Bundle Open(string folder)
    {
        string path = Path.Combine(folder, "manifest.json");
        if (Directory.Exists(folder))
            PlainTree.Require(folder);
        try
        {
            BundleManifest? manifest = JsonSerializer.Deserialize(WholeFile.ReadReplaceable(path, MaxManifest, "a manifest"),
                OfflineJson.Default.BundleManifest);
            if (manifest?.Format != BundleManifest.FormatName)
                throw OperationErrors.NotABundle.With($"its format is '{manifest?.Format}', not '{BundleManifest.FormatName}'").In(path);
            Check(manifest, path);
            return new(folder, WithAttached(manifest.Stages.IsDefault ? manifest with { Stages = [] } : manifest,
                AttachedRecord.Of(folder)));
        }
        catch (JsonException broken)
        {
            throw OperationErrors.NotABundle.Because(broken,
                $"line {broken.LineNumber + 1} of the manifest is not as it should be ({broken.Path})").In(path);
        }
    }

    /// <summary>The folder of a stage.</summary>
    public string StageFolder(int number) => Path.Combine(Folder, $"stage-{number}");

    /// <summary>Where the signer puts its answers.</summary>
    public string AnswersFolder(int number) => Path.Combine(StageFolder(number), "answers");

    /// <summary>A part of a request.</summary>
    public byte[] ReadRequest(int stage, BundleFile file, string part) => ReadRequest(stage, $"{file.Request}.{part}");

    /// <summary>A file of a stage's requests.</summary>
    public byte[] ReadRequest(int stage, string name) =>
        WholeFile.Read(Path.Combine(StageFolder(stage), "requests", name), MaxPart, "a part of a request");

    /// <summary>Puts signatures beside a stage's requests.</summary>
    public void Answer(BundleStage stage, string name, byte[] content, RunContext context)
    {
        try
        {
            Directory.CreateDirectory(AnswersFolder(stage.Number));
            Write(StageFolder(stage.Number), [($"answers/{name}", content)], context);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(AnswersFolder(stage.Number));
        }
    }

    /// <summary>Adds a stage: its files first, the manifest that names them last.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="files">Paths within the stage's folder, and what they hold.</param>
    /// <param name="context">Run context.</param>
    public void Add(BundleStage stage, IEnumerable<(string Path, byte[] Content)> files, RunContext context)
    {
        string folder = StageFolder(stage.Number);
        try
        {
            // A run that was interrupted may have left one that no manifest names.
            if (Directory.Exists(folder))
            {
                if (!IsUnfinishedStage(folder))
                    throw OperationErrors.NotABundle.With("it holds files that are no unfinished stage's, and no manifest names it")
                        .In(folder);
                Directory.Delete(folder, recursive: true);
            }
            Directory.CreateDirectory(Path.Combine(folder, "requests"));
            Directory.CreateDirectory(AnswersFolder(stage.Number));
            Write(folder, files, context);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(folder);
        }
        Write(Manifest with { Stages = Manifest.Stages.Add(stage) }, context);
    }

    // A bundle may have thousands of files: flushed together, and all on the disk before the manifest names them. Nothing below the folder
    // may be a link, because others had it in their hands before its second stage.
    private static void Write(string folder, IEnumerable<(string Path, byte[] Content)> files, RunContext context)
    {
        using var commit = new GroupCommit();
        foreach ((string path, byte[] content) in files)
        {
            commit.Add(
                OutputFile.Replace(Path.Combine(folder, path), commit.Folders, folder), output =>
                    WrittenFile.Fill(output, Layout.Of(content), context),
                refused =>
                {
                    if (refused is not null)
                        throw refused;
                });
        }
        commit.Finish();
    }

    // What is done is known here and not from what comes back.
    private static BundleManifest WithAttached(BundleManifest manifest, AttachedRecord record) => manifest with
    {
        Stages = [.. (manifest.Stages.IsDefault ? [] : manifest.Stages).Select(stage =>
            record.Stages.LastOrDefault(done => done.Number == stage.Number && done.Outputs.Length == stage.Files.Length) is { } done
                ? stage with { Attached = true, Files = [.. stage.Files.Select((file, i) => file with { Output = done.Outputs[i] })] }
                : stage with { Attached = false, Files = [.. stage.Files.Select(file => file with { Output = null })] })],
    };

    private void Write(BundleManifest manifest, RunContext context) => WrittenFile.Write(
        Layout.Of(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(manifest, OfflineJson.Default.BundleManifest) + "\n")), ManifestPath, [],
            context);

    private static void Check(BundleManifest manifest, string path)
    {
        ImmutableArray<BundleStage> stages = manifest.Stages.IsDefault ? [] : manifest.Stages;
        if (stages.Any(HasHole))
            throw OperationErrors.NotABundle.With("a stage, a file or a request in it is null, or of a kind that there is not").In(path);
        for (int i = 0; i < stages.Length; i++)
        {
            if (stages[i].Number != i + 1 || stages[i].Files.IsDefault || stages[i].Files.IsEmpty == stages[i].Hashes.IsEmpty)
                throw OperationErrors.NotABundle.With(
                    $"stage {i + 1} is numbered {stages[i].Number} and has {(stages[i].Files.IsDefault ? 0 : stages[i].Files.Length)} "
                    + $"file(s)").In(path);
            foreach (BundleFile file in stages[i].Files)
            {
                RequireName(file.Name, path);
                RequireName(file.Request, path);
            }
            if (stages[i].Hashes.Length > MostRequests)
                throw OperationErrors.NotABundle.With($"stage {i + 1} has {stages[i].Hashes.Length} requests").In(path);
            foreach (string content in stages[i].Hashes.Select(request => request.Content).OfType<string>())
                RequireName(content, path);
        }
    }

    // What the JSON reader lets pass.
    private static bool HasHole(BundleStage? stage) => stage is null || (!stage.Files.IsDefault && stage.Files.Any(file => file is null))
        || stage.Hashes.Any(request => request is null || !Enum.IsDefined(request.Kind));

    private static void RequireName(string name, string path)
    {
        if (name.Length == 0 || name is "." or ".." || name.AsSpan().ContainsAny('/', '\0') || Printable.Hides(name))
            throw OperationErrors.NotABundle.With($"'{Printable.Line(name)}' is no file name, or not what it looks like").In(path);
    }
}
