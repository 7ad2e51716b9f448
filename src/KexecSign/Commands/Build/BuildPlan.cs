using KexecSign.Core;
using System.Text.Json;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Documents;
using KexecSign.Formats.Errors;

namespace KexecSign.Commands.Build;

/// <summary>
/// The argument PLAN: a plan of many images, which has 'images', or a JSON object whose properties are the options of
/// <c>build</c> by their names. What the command line says besides comes behind it and wins.
/// </summary>
internal static class BuildPlan
{
    /// <summary>The options with what a plan of one image says put in; a plan of many is only noted.</summary>
    /// <exception cref="KexecSignException">KS3201, KS3202 and KS3301 with line and column.</exception>
    public static BuildOptions Read(BuildOptions options, string path)
    {
        PlacedValue plan = PlacedDocument.Read(path, "a plan").Root;
        try
        {
            if (plan.Kind != JsonValueKind.Object)
                throw OperationErrors.PlanMalformed.With($"it holds {plan.KindName}").At(plan.Line, plan.Column);
            if (plan.Properties.Any(p => p.Name is "images"))
                return options with { Plan = path };
            return plan.Properties.Where(p => p.Name != "$schema").Aggregate(options, (o, property) => Apply(o, property, path));
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    // What a plan may not say, in whatever form it is written.
    private static readonly string[] NotOfPlans = ["allow-module", "output-root", "keys", "shard", "rebuild"];
    private static readonly string[] Pins = ["pin-env", "pin-file", "pin-fd"];
    private static readonly string[] References = ["key", "cert", "inner-key", "inner-cert", "ima-key", "ima-cert", "provenance-key", "provenance-cert", "kit-signer"];
    private static readonly string[] Outputs = ["o", "output", "signed-image", "tar", "report", "provenance"];

    private static void Require(BuildOptions given, PlacedProperty property, string path)
    {
        string value = property.Value.Text;
        if (NotOfPlans.Contains(property.Name))
            throw OperationErrors.PlanNameUnknown.With(property.Name);
        if (Pins.Contains(property.Name))
            DocumentTrust.Data(given.AllowedModules).RequirePin($"'{property.Name}'");
        if (References.Contains(property.Name))
            DocumentTrust.Data(given.AllowedModules).Require(value);
        // Such a plan is a command line in a file, whose paths are taken from where one stands.
        if (Outputs.Contains(property.Name))
            RequireBelow(value, [.. given.OutputRoot is { } root ? [root] : new[] { Path.GetDirectoryName(Path.GetFullPath(path))!, Environment.CurrentDirectory }]);
    }

    private static void RequireBelow(string output, string[] roots)
    {
        string full = Path.GetFullPath(output);
        if (!roots.Any(root => DocumentPaths.IsBelow(root, full)))
            throw OperationErrors.OutputOutside.With(output, string.Join(" or ", roots));
    }

    private static BuildOptions Apply(BuildOptions options, PlacedProperty property, string path)
    {
        OptionSpec<BuildOptions> option = BuildOperation.Definition.TypedOptions.FirstOrDefault(o => o.Name == property.Name || (o.Name == "o" && property.Name == "output"))
            ?? throw OperationErrors.PlanNameUnknown.With(property.Name).At(property.Line, property.Column);
        if (property.Value.Kind is not (JsonValueKind.String or JsonValueKind.Number))
            throw OperationErrors.PlanMalformed.With($"'{property.Name}' holds {property.Value.KindName}").At(property.Value.Line, property.Value.Column);
        if (option.Name == "profile")
            throw OperationErrors.PlanNameUnknown.With(property.Name).At(property.Line, property.Column);
        try
        {
            Require(options, property, path);
            return (BuildOptions)option.Apply(options, property.Value.Text);
        }
        catch (KexecSignException refused)
        {
            throw refused.At(property.Value.Line, property.Value.Column);
        }
    }
}
