using System.Text.Json.Nodes;
using KexecSign.Fixtures;

namespace KexecSign.Pipelines.Tests;

/// <summary>YAML as JSON, by python's reader.</summary>
internal static class Yaml
{
    // GitHub's 'on' is true to YAML 1.1; here it is a word, as it is to GitHub.
    private const string Read = """
        import json, sys, yaml
        class Words(yaml.SafeLoader): pass
        Words.yaml_implicit_resolvers = {k: [r for r in v if r[0] != "tag:yaml.org,2002:bool" or k not in "oOyYnN"] for k, v in yaml.SafeLoader.yaml_implicit_resolvers.items()}
        print(json.dumps(list(yaml.load_all(open(sys.argv[1]), Words))))
        """;

    public static JsonArray Documents(string path) => JsonNode.Parse(Tool.Run("python3", "-c", Read, path))!.AsArray();

    public static JsonNode Document(string path) => Documents(path).ShouldHaveSingleItem()!;

    /// <summary>An object's values as texts.</summary>
    public static Dictionary<string, string> Texts(JsonNode? node) =>
        node is JsonObject map ? map.ToDictionary(p => p.Key, p => p.Value?.ToString() ?? "") : [];
}
