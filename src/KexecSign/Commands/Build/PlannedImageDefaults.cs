using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Documents;
using KexecSign.Keys.Pins;
using KexecSign.Signing;

namespace KexecSign.Commands.Build;

/// <summary>What the images of a plan have in common, and how one is read.</summary>
/// <param name="Folder">Folder that paths of inputs are taken from.</param>
/// <param name="Outputs">Folder that paths of outputs are taken from, and below which they stay.</param>
/// <param name="AllowedModules">PKCS#11 modules that documents may name.</param>
/// <param name="Keys">The keys by name.</param>
/// <param name="Pin">Where their PIN comes from.</param>
/// <param name="Policy">The policy for all images; null for none.</param>
/// <param name="Steps">Steps of images that have none of their own.</param>
internal sealed record PlannedImageDefaults(string Folder, string Outputs, ImmutableArray<string> AllowedModules, PlanKeys Keys,
    PinOptions Pin, string? Policy, PlacedValue? Steps)
{
    // The order of the line is that of the formats: each step covers what those before it made.
    private static readonly ImmutableArray<string> Order = ["sign-inner", "zboot", "embed", "sign", "ima", "provenance"];

    /// <summary>The image that a value describes.</summary>
    public PlannedImage Image(PlacedValue value)
    {
        var image = new ObjectReader(value, "an image");
        ObjectReader outputs = image.Object("outputs") ?? throw image.Missing("outputs");
        BuildOptions options = Filled(new() { Pin = Pin, AllowedModules = AllowedModules }, "outputs", outputs);
        string output = options.Output!;
        string name = image.Text("name") ?? Path.GetFileName(output);
        options = Filled(options, "image", image);
        // The report is what a later run knows finished images by.
        options = options with { Report = options.Report ?? output + ".report.json", Policy = options.Policy ?? Policy };
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
        options = Filled(options, name, step);
        if (name == "embed" && (options.Sbat ?? options.Parser) is null)
            throw step.Missing("parser");
        if (name == "provenance")
            options = options with { Provenance = options.Provenance ?? options.Output + ".intoto.json" };
        step.End();
        return options;
    }

    // Each option says itself where a plan says it, and what its value is.
    private BuildOptions Filled(BuildOptions options, string place, ObjectReader reader)
    {
        foreach ((OptionSpec<BuildOptions> option, OptionRole<BuildOptions> role, DocumentField field) in BuildRoles.In(place))
        {
            if (role is SignerRole signer)
                options = signer.Set(options, Keys.Named(reader.Get(field.Name, JsonValueKind.String) ?? throw reader.Missing(field.Name)));
            else if (Text(option, field, reader) is { } text)
                options = (BuildOptions)option.Apply(options, text);
            else if (field.Required)
                throw reader.Missing(field.Name);
        }
        return options;
    }

    private string? Text(OptionSpec option, DocumentField field, ObjectReader reader) => option.Kind switch
    {
        OptionKind.PathIn or OptionKind.Folder => DocumentPaths.From(Folder, reader.Text(field.Name)),
        OptionKind.PathOut => DocumentPaths.Output(Outputs, reader.Text(field.Name)),
        OptionKind.Choice => reader.Choice(field.Name, option.Choices.AsSpan()),
        OptionKind.Number => reader.Number(field.Name, field.Range.Least, field.Range.Most)?.ToString(CultureInfo.InvariantCulture),
        OptionKind.Text => reader.Text(field.Name),
        OptionKind.KeyReference => reader.Text(field.Name) is { } reference ? DocumentTrust.Data(AllowedModules).Reference(Folder,
            reference) : null,
        OptionKind.Flag => reader.Flag(field.Name) == true ? "" : null,
        OptionKind.TextOrFile or OptionKind.NamedPath =>
            throw new InvalidOperationException($"a plan has no form for {option.Typed}"),
        _ => throw new ArgumentOutOfRangeException(nameof(option), option.Kind, null),
    };

    private static void Require(BuildOptions options, ObjectReader image)
    {
        RequireStep(options.SignedImage, "sign-inner", options.Inner);
        RequireStep(options.Tar, "ima", options.Ima);

        void RequireStep(string? output, string step, SigningOptions signer)
        {
            if (output is not null && signer.Key is null)
                throw OperationErrors.DocumentWrong.With($"the output '{output}' needs the step '{step}'")
                    .At(image.Place.Line, image.Place.Column);
        }
    }
}
