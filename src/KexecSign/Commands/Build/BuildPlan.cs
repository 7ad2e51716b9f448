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
            return plan.Properties.Where(p => p.Name != "$schema").Aggregate(options, Apply);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    private static BuildOptions Apply(BuildOptions options, PlacedProperty property)
    {
        OptionSpec<BuildOptions> option = BuildOperation.Definition.TypedOptions.FirstOrDefault(o => o.Name == property.Name || (o.Name == "o" && property.Name == "output"))
            ?? throw OperationErrors.PlanNameUnknown.With(property.Name).At(property.Line, property.Column);
        if (property.Value.Kind is not (JsonValueKind.String or JsonValueKind.Number))
            throw OperationErrors.PlanMalformed.With($"'{property.Name}' holds {property.Value.KindName}").At(property.Value.Line, property.Value.Column);
        if (option.Name == "profile")
            throw OperationErrors.PlanNameUnknown.With(property.Name).At(property.Line, property.Column);
        try
        {
            return (BuildOptions)option.Apply(options, property.Value.Text);
        }
        catch (KexecSignException refused)
        {
            throw refused.At(property.Value.Line, property.Value.Column);
        }
    }
}
