using System.Collections.Immutable;
using System.Text.Json;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Documents;
using KexecSign.Keys.Pins;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Commands.Build;

/// <summary>What the images of a plan have in common, and how one is read.</summary>
/// <param name="Folder">Folder that paths of inputs are taken from.</param>
/// <param name="Outputs">Folder that paths of outputs are taken from, and below which they stay.</param>
/// <param name="AllowedModules">PKCS#11 modules that documents may name.</param>
/// <param name="Keys">The keys by name.</param>
/// <param name="Pin">Where their PIN comes from.</param>
/// <param name="Policy">The policy for all images; null for none.</param>
/// <param name="Steps">Steps of images that have none of their own.</param>
internal sealed record PlannedImageDefaults(string Folder, string Outputs, ImmutableArray<string> AllowedModules, PlanKeys Keys, PinOptions Pin, string? Policy, PlacedValue? Steps)
{
    // The order of the line is that of the formats: each step covers what those before it made.
    private static readonly ImmutableArray<string> Order = ["sign-inner", "zboot", "embed", "sign", "ima", "provenance"];

    /// <summary>The image that a value describes.</summary>
    public PlannedImage Image(PlacedValue value)
    {
        var image = new ObjectReader(value, "an image");
        ObjectReader outputs = image.Object("outputs") ?? throw image.Missing("outputs");
        string output = DocumentPaths.Output(Outputs, outputs.Required("image"))!;
        string name = image.Text("name") ?? Path.GetFileName(output);
        var options = new BuildOptions
        {
            Image = DocumentPaths.From(Folder, image.Required("image")),
            Output = output,
            SignedImage = DocumentPaths.Output(Outputs, outputs.Text("signedImage")),
            Tar = DocumentPaths.Output(Outputs, outputs.Text("tar")),
            Provenance = DocumentPaths.Output(Outputs, outputs.Text("provenance")),
            // The report is what a later run knows finished images by.
            Report = DocumentPaths.Output(Outputs, outputs.Text("report")) ?? output + ".report.json",
            Policy = DocumentPaths.From(Folder, image.Text("policy")) ?? Policy,
            Pin = Pin,
            AllowedModules = AllowedModules,
        };
        PlacedValue steps = image.Get("steps", JsonValueKind.Array) ?? Steps ?? throw image.Missing("steps");
        outputs.End();
        image.End();
        string last = "";
        foreach (PlacedValue step in steps.Items)
            options = Step(options, new ObjectReader(step, "a step"), step, ref last);
        if (last.Length == 0)
            throw ObjectReader.Wrong(steps, "'steps' holds none");
        Require(options, image);
        return new(name, options, value.Line, value.Column);
    }

    private BuildOptions Step(BuildOptions options, ObjectReader step, PlacedValue value, ref string last)
    {
        string name = step.Choice("step", Order.AsSpan()) ?? throw step.Missing("step");
        if (last.Length > 0 && Order.IndexOf(name) <= Order.IndexOf(last))
            throw OperationErrors.PlanSteps.With(name, last, string.Join(", ", Order)).At(value.Line, value.Column);
        last = name;
        options = name switch
        {
            "sign-inner" => options with { Inner = Key(step) ?? throw step.Missing("key") },
            "zboot" => options with
            {
                Kit = DocumentPaths.From(Folder, step.Required("kit")),
                KitSha256 = step.Text("sha256") is { } sha256 ? Sha256Text.Require(sha256) : null,
                KitSigners = [.. step.Texts("signers").Select(reference => DocumentTrust.Data(AllowedModules).Reference(Folder, reference))],
                Compression = step.Choice("compression", "gzip", "zstd"),
                Level = step.Number("level", 1, 22),
                Zstd = step.Choice("zstd", "own", "system") is { } library ? ZbootOptionSpecs.ZstdOf(library) : null,
            },
            "embed" => Embed(options, step),
            "sign" => options with { Outer = Key(step) ?? throw step.Missing("key") },
            "ima" => options with { Ima = Key(step) ?? throw step.Missing("key"), Xattr = step.Choice("xattr", "security", "user") },
            _ => options with
            {
                Provenance = options.Provenance ?? options.Output + ".intoto.json",
                ProvenanceSigner = Key(step) ?? throw step.Missing("key"),
                Builder = step.Text("builder"),
            },
        };
        step.End();
        return options;
    }

    private BuildOptions Embed(BuildOptions options, ObjectReader step)
    {
        string? sbat = step.Text("sbat"), parser = sbat is null ? step.Required("parser") : step.Text("parser");
        return options with { Sbat = sbat is null ? null : DocumentPaths.From(Folder, sbat), Parser = parser is null ? null : DocumentPaths.From(Folder, parser) };
    }

    private SigningOptions? Key(ObjectReader step) => step.Get("key", JsonValueKind.String) is { } name ? Keys.Named(name) : null;

    private static void Require(BuildOptions options, ObjectReader image)
    {
        RequireStep(options.SignedImage, "sign-inner", options.Inner);
        RequireStep(options.Tar, "ima", options.Ima);

        void RequireStep(string? output, string step, SigningOptions signer)
        {
            if (output is not null && signer.Key is null)
                throw OperationErrors.DocumentWrong.With($"the output '{output}' needs the step '{step}'").At(image.Place.Line, image.Place.Column);
        }
    }
}
