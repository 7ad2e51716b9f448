using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KexecSign.Fixtures;

namespace KexecSign.Pipelines.Tests;

/// <summary>Tasks and pipeline: looked at by tekton-lint, their scripts run.</summary>
public sealed partial class TektonTests : IDisposable
{
    private readonly Runner _runner = new();
    private readonly JsonArray _tasks = Yaml.Documents(Runner.Pipeline("tekton/tasks.yaml"));
    private readonly JsonNode _pipeline = Yaml.Document(Runner.Pipeline("tekton/pipeline.yaml"));

    [SkippableFact]
    public void Tekton_lint_has_nothing_to_say()
    {
        string folder = Path.Combine(NodePackages.Folder("@ibm/tekton-lint"), "../../.bin/tekton-lint");
        ToolAnswer answer = Tool.Ask("node", folder, Runner.Pipeline("tekton/tasks.yaml"), Runner.Pipeline("tekton/pipeline.yaml"));
        answer.Exit.ShouldBe(0, answer.Output);
        answer.Output.ShouldNotContain("error");
        string broken = _runner.At("broken.yaml");
        File.WriteAllText(broken, File.ReadAllText(Runner.Pipeline("tekton/tasks.yaml")).Replace("$(params.plan)", "$(params.plam)", StringComparison.Ordinal));
        Tool.Ask("node", folder, broken).Exit.ShouldNotBe(0);
    }

    [Fact]
    public void The_pipeline_gives_each_task_what_it_asks_for()
    {
        foreach (JsonNode use in _pipeline["spec"]!["tasks"]!.AsArray().Select(t => t!))
        {
            JsonNode task = Task(use["taskRef"]!["name"]!.ToString());
            Names(use["workspaces"]).ShouldBe(Names(task["spec"]!["workspaces"]));
            string[] given = [.. Names(use["params"]), .. Names(use["matrix"]?["params"])];
            given.ShouldBeSubsetOf(Names(task["spec"]!["params"]));
            foreach (JsonNode? workspace in use["workspaces"]!.AsArray())
                Names(_pipeline["spec"]!["workspaces"]).ShouldContain(workspace!["workspace"]!.ToString());
        }
    }

    [SkippableFact]
    public void A_pull_request_signs_with_a_throw_away_token_and_cannot_be_given_the_other()
    {
        JsonNode task = Task("kexecsign-try");
        Names(task["spec"]!["workspaces"]).ShouldBe(["source"]);
        Run(task, [], null);
        // The token is gone with the task; what it signed is there, by a certificate that nobody has any more.
        for (int i = 0; i < 3; i++)
            Tool.Run("sbverify", "--list", _runner.At($"out/{i}.efi")).ShouldContain("KexecSign demo");
    }

    [SkippableFact]
    public void A_release_signs_in_shards_and_passes_the_gate()
    {
        JsonNode build = _pipeline["spec"]!["tasks"]![0]!;
        Dictionary<string, string> given = build["params"]!.AsArray().Where(p => !p!["value"]!.ToString().StartsWith('$')).ToDictionary(p => p!["name"]!.ToString(), p => p!["value"]!.ToString());
        JsonArray shards = build["matrix"]!["params"]![0]!["value"]!.AsArray();
        given["shards"].ShouldBe($"{shards.Count}");
        foreach (JsonNode? shard in shards)
        {
            string result = Run(Task("kexecsign-build"), new(given) { ["shard"] = shard!.ToString() }, _runner.ReleaseToken);
            result.ShouldBe($"report-{shard}.json");
        }
        string digests = Run(Task("kexecsign-gate"), [], null);
        digests.ShouldEndWith("  SHA256SUMS\n");
        _runner.Run("sha256sum --check --status SHA256SUMS");
        File.ReadAllLines(_runner.At("SHA256SUMS")).Count(line => line.EndsWith(".efi", StringComparison.Ordinal)).ShouldBe(3);
        _runner.RequireRelease();
    }

    public void Dispose() => _runner.Dispose();

    private JsonNode Task(string name) => _tasks.Single(t => t!["metadata"]!["name"]!.ToString() == name)!;

    private static string[] Names(JsonNode? list) => list is null ? [] : [.. list.AsArray().Select(i => i!["name"]!.ToString())];

    /// <summary>Runs a task's step and gives what it left as result.</summary>
    private string Run(JsonNode task, Dictionary<string, string> given, string? token)
    {
        string result = Path.Combine(_runner.Temp, "result");
        File.WriteAllText(result, "");
        var values = task["spec"]!["params"]!.AsArray().ToDictionary(p => "params." + p!["name"], p => given.GetValueOrDefault(p!["name"]!.ToString()) ?? p!["default"]!.ToString());
        values["workspaces.source.path"] = _runner.At("");
        if (token is not null)
            values["workspaces.token.path"] = token;
        foreach (string name in Names(task["spec"]!["results"]))
            values[$"results.{name}.path"] = result;
        JsonNode step = task["spec"]!["steps"]!.AsArray().ShouldHaveSingleItem()!;
        string script = step["script"]!.ToString();
        Variable().Matches(script).ShouldBeEmpty("what users name goes through env, never into the script");
        var environment = step["env"]!.AsArray().ToDictionary(e => e!["name"]!.ToString(), e => Variable().Replace(e!["value"]!.ToString(), m => values[m.Groups[1].Value]));
        // A module of a token on the network needs none; SoftHSM's has to be told where its files are.
        if (token is not null)
            environment["SOFTHSM2_CONF"] = Path.Combine(token, "softhsm2.conf");
        _runner.Run(script, environment, Variable().Replace(step["workingDir"]!.ToString(), m => values[m.Groups[1].Value]));
        return File.ReadAllText(result);
    }

    [GeneratedRegex(@"\$\(((?:params|workspaces|results)\.[\w.-]+)\)")]
    private static partial Regex Variable();
}
