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
    /// <exception cref="KexecSignException">KS3326, and KS3201, KS3202 and KS3301 with line and column.</exception>
    public static BuildOptions Read(BuildOptions options, string path)
    {
        PlacedValue plan = Document(path);
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

    private static PlacedValue Document(string path)
    {
        try
        {
            return PlacedDocument.Read(path, "a plan").Root;
        }
        catch (KexecSignException refused) when (File.Exists(path) && PlannedKind.Of(path, null) is { } image)
        {
            throw OperationErrors.PlanIsImage.Because(refused, image.Kind).In(path);
        }
    }

    private static void Require(BuildOptions given, OptionSpec<BuildOptions> option, PlacedProperty property, string path)
    {
        string value = property.Value.Text;
        // What a plan may not say, in whatever form it is written.
        if (option.Role!.Scope == OptionScope.Run)
            throw OperationErrors.PlanNameUnknown.With(property.Name).At(property.Line, property.Column);
        if (option.Role.Effect == OptionEffect.Access)
            DocumentTrust.Data(given.AllowedModules).RequirePin($"'{property.Name}'");
        if (option.Kind == OptionKind.KeyReference)
            DocumentTrust.Data(given.AllowedModules).Require(value);
        // Such a plan is a command line in a file, whose paths are taken from where one stands.
        if (option.Kind == OptionKind.PathOut)
            RequireBelow(value, [.. given.OutputRoot is { } root
                ? [root]
                : new[] { Path.GetDirectoryName(Path.GetFullPath(path))!, Environment.CurrentDirectory }]);
    }

    private static void RequireBelow(string output, string[] roots)
    {
        if (output.Length == 0)
            throw OperationErrors.PlanMalformed.With("an output has no name");
        string full = Path.GetFullPath(output);
        if (!roots.Any(root => DocumentPaths.IsBelow(root, full)))
            throw OperationErrors.OutputOutside.With(output, string.Join(" or ", roots));
    }

    private static BuildOptions Apply(BuildOptions options, PlacedProperty property, string path)
    {
        OptionSpec<BuildOptions> option = BuildRoles.Named(property.Name == "output" ? "o" : property.Name)
            ?? throw OperationErrors.PlanNameUnknown.With(property.Name).At(property.Line, property.Column);
        if (property.Value.Kind is not (JsonValueKind.String or JsonValueKind.Number))
            throw OperationErrors.PlanMalformed.With($"'{property.Name}' holds {property.Value.KindName}")
                .At(property.Value.Line, property.Value.Column);
        try
        {
            Require(options, option, property, path);
            return (BuildOptions)option.Apply(options, property.Value.Text);
        }
        catch (KexecSignException refused)
        {
            throw refused.At(property.Value.Line, property.Value.Column);
        }
    }
}
