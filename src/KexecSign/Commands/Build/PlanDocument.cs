using System.Collections.Immutable;
using System.Text.Json;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Settings;
using KexecSign.Documents;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Pins;
using KexecSign.Signing;

namespace KexecSign.Commands.Build;

/// <summary>An image of a plan: the options that build it, and where it stands.</summary>
internal sealed record PlannedImage(string Name, BuildOptions Options, int Line, int Column);

/// <summary>A plan of many images. Paths in it are taken from its own folder.</summary>
/// <param name="File">The file as it was read.</param>
/// <param name="Report">Where the report goes; null for nowhere.</param>
/// <param name="Images">The images in their order.</param>
internal sealed record PlanDocument(BuildInput File, string? Report, ImmutableArray<PlannedImage> Images)
{
    /// <summary>Reads a plan.</summary>
    /// <param name="path">The plan.</param>
    /// <param name="given">What the command line says: keys, PIN and policy instead of the plan's.</param>
    /// <param name="settings">What the configuration says; null where the plan is only shown, and names stay names.</param>
    /// <exception cref="KexecSignException">KS3301 to KS3306 with line and column.</exception>
    public static PlanDocument Read(string path, BuildOptions given, Lazy<KeySettings>? settings)
    {
        PlacedDocument document = PlacedDocument.Read(path, "a plan");
        try
        {
            var root = new ObjectReader(document.Root, "the plan");
            string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
            string outputs = given.OutputRoot is { } named ? System.IO.Path.GetFullPath(named) : folder;
            // Read also where other keys are given: a plan that names code is not built from, whoever's keys sign.
            PlanKeys own = PlanKeys.Read(root, folder, DocumentTrust.Data(given.AllowedModules));
            PlanKeys keys = (given.Keys is null ? own : PlanKeys.ReadFile(given.Keys, given.AllowedModules)) with
            { Configured = settings is null ? null : Configured };
            // Read also where the command line has another one, or the word would be one that plans do not know.
            string? policy = DocumentPaths.From(folder, root.Text("policy"));
            var common = new PlannedImageDefaults(
                folder, outputs, given.AllowedModules, keys, given.Pin == new PinOptions() ? keys.Pin : given.Pin,
                given.Policy ?? policy, root.Get("steps", JsonValueKind.Array));
            string? report = DocumentPaths.Output(outputs, root.Text("report"));
            ImmutableArray<PlacedValue> images = root.List("images");
            root.End();
            if (images.IsEmpty)
                throw ObjectReader.Wrong(document.Root, "the plan has no image in 'images'");
            ImmutableArray<PlannedImage> planned = [.. images.Select(common.Image)];
            RequireDifferent(planned);
            return new(new(path, document.Size, document.Sha256), report, planned);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }

        SigningOptions? Configured(string name) =>
            settings!.Value.Keys.FirstOrDefault(key => key.Name == name) is not { } key ? null : new()
            {
                Key = key.Complete(key.Key, settings.Value, withPin: given.Pin == new PinOptions()),
                Certificate = key.Complete(key.Certificate, settings.Value, withPin: given.Pin == new PinOptions()),
                Digest = key.Digest,
            };
    }

    /// <summary>The images of one shard: every N-th, so that neighbours, which are often alike, are spread.</summary>
    public IEnumerable<(int Index, PlannedImage Image)> Of(PlanShard? shard) =>
        Images.Select((image, index) => (index, image)).Where(i => shard is null || i.index % shard.Count == shard.Index - 1);

    private static void RequireDifferent(ImmutableArray<PlannedImage> images)
    {
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        var files = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (PlannedImage image in images)
        {
            if (!names.TryAdd(image.Name, image.Line))
                throw OperationErrors.PlanTwice.With(image.Name, "name", names[image.Name]).At(image.Line, image.Column);
            foreach (string file in BuildFiles.Of(image.Options))
            {
                if (!files.TryAdd(file, image.Line))
                    throw OperationErrors.PlanTwice.With(file, "output", files[file]).At(image.Line, image.Column);
            }
        }
    }
}

/// <summary>Where the files of a build go.</summary>
internal static class BuildFiles
{
    /// <summary>All files that a build makes; the report last, because it tells of the others.</summary>
    public static ImmutableArray<string> Of(BuildOptions options) =>
    [
        .. BuildRoles.With(OptionEffect.Output).OrderBy(o => o.Option.Name == "report")
            .SelectMany(o => Made(o.Option, o.Role.Value(options), options)),
    ];

    private static IEnumerable<string> Made(OptionSpec<BuildOptions> option, string? file, BuildOptions options) => file is null
        ? []
        : option.Name == "o" && options.Ima.Key is not null ? [file, file + ".sig"] : [file];
}
