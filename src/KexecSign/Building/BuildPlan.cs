using System.Text.Json;
using KexecSign.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Operations;

namespace KexecSign.Building;

/// <summary>
/// A plan: a JSON object whose properties are the options of <c>build</c> by their names, with comments allowed. What the
/// command line says besides comes behind it and wins.
/// </summary>
internal static class BuildPlan
{
    private const long MaxLength = 1 << 20;

    /// <summary>The options with everything that a plan says put in.</summary>
    /// <exception cref="KexecSignException">KS3201 when it is no such object, KS3202 for a name that <c>build</c> does not have.</exception>
    public static BuildOptions Read(BuildOptions options, string path)
    {
        using FileSource source = FileSource.Open(path);
        byte[] json = source.ToLayout().ReadBytes(0, Math.Min(source.Length, MaxLength));
        try
        {
            using JsonDocument plan = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (plan.RootElement.ValueKind != JsonValueKind.Object)
                throw OperationErrors.PlanMalformed.With($"it holds {plan.RootElement.ValueKind}");
            foreach (JsonProperty property in plan.RootElement.EnumerateObject())
                options = Apply(options, property);
            return options;
        }
        catch (JsonException malformed)
        {
            throw OperationErrors.PlanMalformed.Because(malformed, malformed.Message.TrimEnd('.')).In(path);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    private static BuildOptions Apply(BuildOptions options, JsonProperty property)
    {
        OptionSpec<BuildOptions> option = BuildOperation.Definition.TypedOptions.FirstOrDefault(o => o.Name == property.Name || (o.Name == "o" && property.Name == "output"))
            ?? throw OperationErrors.PlanNameUnknown.With(property.Name);
        string value = property.Value.ValueKind switch
        {
            JsonValueKind.String => property.Value.GetString()!,
            JsonValueKind.Number => property.Value.GetRawText(),
            _ => throw OperationErrors.PlanMalformed.With($"'{property.Name}' holds {property.Value.ValueKind}"),
        };
        return (BuildOptions)option.Apply(options, value);
    }
}
