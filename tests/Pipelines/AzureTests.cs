using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KexecSign.Pipelines.Tests;

/// <summary>The template of stages: its structure looked at, because its schema is not to be had as a package; its scripts run.</summary>
public sealed partial class AzureTests : IDisposable
{
    private static readonly string[] StageKeys = ["stage", "displayName", "condition", "dependsOn", "variables", "jobs"];
    private static readonly string[] JobKeys = ["job", "pool", "strategy", "steps"];
    private static readonly string[] StepKeys = ["bash", "displayName", "env", "publish", "artifact", "condition", "download", "patterns"];

    private readonly Runner _runner = new();
    private readonly JsonNode _template = Yaml.Document(Runner.Pipeline("azure/sign-kernel.yml"));

    public AzureTests() => _runner.HideProgram();

    [Fact]
    public void Stages_jobs_and_steps_have_only_what_the_format_knows()
    {
        _template.AsObject().Select(p => p.Key).ShouldBe(["parameters", "stages"]);
        foreach (JsonNode? parameter in _template["parameters"]!.AsArray())
            parameter!["type"]!.ToString().ShouldBeOneOf("string", "number");
        string[] stages = [.. _template["stages"]!.AsArray().Select(s => s!["stage"]!.ToString())];
        foreach (JsonNode stage in _template["stages"]!.AsArray().Select(s => s!))
        {
            stage.AsObject().Select(p => p.Key).ShouldBeSubsetOf(StageKeys);
            if (stage["dependsOn"] is JsonValue dependsOn)
                stages.ShouldContain(dependsOn.ToString());
            foreach (JsonNode job in stage["jobs"]!.AsArray().Select(j => j!))
            {
                job.AsObject().Select(p => p.Key).ShouldBeSubsetOf(JobKeys);
                foreach (JsonNode? step in job["steps"]!.AsArray())
                {
                    step!.AsObject().Select(p => p.Key).ShouldBeSubsetOf(StepKeys);
                    new[] { "bash", "publish", "download" }.Count(kind => step[kind] is not null).ShouldBe(1);
                }
            }
        }
    }

    [SkippableFact]
    public void A_pull_request_signs_with_a_throw_away_token_and_sees_no_secret()
    {
        JsonNode stage = Stage("Try");
        stage["condition"]!.ToString().ShouldBe("eq(variables['Build.Reason'], 'PullRequest')");
        stage["variables"].ShouldBeNull();
        stage.ToJsonString().ShouldNotContain("PIN");
        Run(stage, new() { ["AGENT_TEMPDIRECTORY"] = _runner.Temp });
        _runner.RequireSigned(Path.Combine(_runner.Temp, "token/db.pem"));
    }

    [SkippableFact]
    public void A_tag_signs_in_shards_and_passes_the_gate()
    {
        JsonNode sign = Stage("Sign");
        sign["condition"]!.ToString().ShouldContain("ne(variables['Build.Reason'], 'PullRequest')");
        int shards = int.Parse(Parameter("shards"));
        for (int i = 1; i <= shards; i++)
        {
            Run(sign, new(_runner.Release)
            {
                ["SYSTEM_JOBPOSITIONINPHASE"] = $"{i}",
                ["SYSTEM_TOTALJOBSINPHASE"] = $"{shards}",
                ["BUILD_ARTIFACTSTAGINGDIRECTORY"] = Path.Combine(_runner.Temp, $"signed-{i}"),
            });
            // Each job has a checkout of its own.
            Directory.Delete(_runner.At("out"), recursive: true);
        }
        Run(Stage("Gate"), new() { ["PIPELINE_WORKSPACE"] = _runner.Temp });
        _runner.RequireRelease();
    }

    public void Dispose() => _runner.Dispose();

    private JsonNode Stage(string name) => _template["stages"]!.AsArray().Single(s => s!["stage"]!.ToString() == name)!;

    // What a user of the template gives; all else is as it stands.
    private string Parameter(string name) => name switch
    {
        "release" => _runner.Published,
        "version" => Runner.Version,
        "sha256" => _runner.PublishedSha256,
        "installer" => Runner.Pipeline("install-kexecsign"),
        _ => Default(name),
    };

    private string Default(string name) => _template["parameters"]!.AsArray().Single(p => p!["name"]!.ToString() == name)!["default"]!.ToString();

    private void Run(JsonNode stage, Dictionary<string, string> environment)
    {
        foreach (JsonNode? step in stage["jobs"]!.AsArray().ShouldHaveSingleItem()!["steps"]!.AsArray().Where(s => s!["bash"] is not null))
        {
            string script = step!["bash"]!.ToString();
            script.ShouldNotContain("${{");
            script.ShouldNotContain("$(KEXECSIGN_PIN)");
            var all = new Dictionary<string, string>(environment);
            foreach ((string name, string value) in Yaml.Texts(step["env"]))
            {
                // A secret variable reaches a script only where env says so.
                all[name] = value == "$(KEXECSIGN_PIN)" ? environment["KEXECSIGN_PIN"] : Expression().Replace(value, m => Parameter(m.Groups[1].Value));
            }
            all["AGENT_TEMPDIRECTORY"] = _runner.Temp;
            foreach (Match told in Prepended().Matches(_runner.Run(script, all)))
                _runner.Prepend(told.Groups[1].Value);
        }
    }

    [GeneratedRegex(@"##vso\[task\.prependpath\](\S+)")]
    private static partial Regex Prepended();

    [GeneratedRegex(@"\$\{\{ parameters\.(\w+) \}\}")]
    private static partial Regex Expression();
}
