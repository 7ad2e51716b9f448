using KexecSign.Fixtures;

namespace KexecSign.Line.Tests;

/// <summary>Another implementation of JSON Schema, asked whether a document is what a published schema promises.</summary>
internal static class SchemaJudge
{
    private const string Program = """
        import json, sys, jsonschema
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[2])))
        """;

    /// <summary>Asks; exit code 0 is a yes.</summary>
    /// <param name="name">The schema, without <c>.schema.json</c>.</param>
    /// <param name="document">File with the document.</param>
    public static ToolAnswer Ask(string name, string document) =>
        Tool.Ask("python3", "-c", Program, Path.Combine(AppContext.BaseDirectory, "schema", name + ".schema.json"), document);
}
