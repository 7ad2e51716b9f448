using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;

namespace KexecSign.Cli.Help;

/// <summary>JSON Schemas (2020-12) of what <c>--json</c> and reports hold, made from the same types that write them.</summary>
internal static class ReportSchemas
{
    // Readers shall take what later versions add, so nothing forbids further properties.
    private static readonly JsonSchemaExporterOptions Exporting =
        new() { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = (_, node) => WithoutNulls(node) };

    /// <summary>File name of an operation's schema.</summary>
    public static string FileName(Operation operation) => operation.Name.Replace(' ', '-') + ".schema.json";

    /// <summary>The schema of an operation's result.</summary>
    public static string Of(Operation operation)
    {
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = $"Result of kexecsign {operation.Name}",
        };
        JsonObject exported = operation.ResultType.GetJsonSchemaAsNode(Exporting).AsObject();
        foreach ((string name, JsonNode? value) in exported.ToArray())
        {
            exported.Remove(name);
            schema[name] = value;
        }
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, ReportDocument.Writing))
            schema.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    // A null is left out when a result is written, so what can be null is not required.
    private static JsonNode WithoutNulls(JsonNode node)
    {
        if (node is not JsonObject schema || schema["required"] is not JsonArray required
            || schema["properties"] is not JsonObject properties)
            return node;
        foreach (JsonNode? name in required.ToArray())
        {
            if (properties[name!.GetValue<string>()]?["type"] is JsonArray types && types.Any(type => type!.GetValue<string>() == "null"))
                required.Remove(name);
        }
        if (required.Count == 0)
            schema.Remove("required");
        return schema;
    }
}
