using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KexecSign.Fixtures;

namespace KexecSign.Pipelines.Tests;

/// <summary>The workflow and its action: validated by the published schemas, their steps run.</summary>
public sealed partial class GitHubTests : IDisposable
{
    private readonly Runner _runner = new();
    private readonly JsonNode _workflow = Yaml.Document(Runner.Pipeline("github/sign-kernel.yml"));
    private readonly JsonNode _action = Yaml.Document(Runner.Pipeline("github/action.yml"));
    private readonly JsonNode _setup = Yaml.Document(Runner.Pipeline("github/setup/action.yml"));

    public GitHubTests() => _runner.HideProgram();

    [SkippableFact]
    public void Both_are_valid_by_the_published_schemas()
    {
        const string script = """
            const validator = require(process.argv[1]), fs = require("fs");
            const errors = validator[process.argv[2]](fs.readFileSync(process.argv[3], "utf8")).errors;
            if (errors.length) { console.log(JSON.stringify(errors)); process.exit(1); }
            """;
        string validator = NodePackages.Folder("@action-validator/core");
        Tool.Run("node", "-e", script, validator, "validateWorkflow", Runner.Pipeline("github/sign-kernel.yml"));
        Tool.Run("node", "-e", script, validator, "validateAction", Runner.Pipeline("github/action.yml"));
        Tool.Run("node", "-e", script, validator, "validateAction", Runner.Pipeline("github/setup/action.yml"));
        string broken = _runner.At("broken.yml");
        File.WriteAllText(broken, File.ReadAllText(Runner.Pipeline("github/sign-kernel.yml")).Replace("needs: sign", "neds: sign", StringComparison.Ordinal));
        Tool.Ask("node", "-e", script, validator, "validateWorkflow", broken).Exit.ShouldBe(1);
    }

    [SkippableFact]
    public void A_pull_request_signs_with_a_throw_away_token_and_knows_no_secret()
    {
        JsonNode job = _workflow["jobs"]!["try"]!;
        job["if"]!.ToString().ShouldBe("github.event_name == 'pull_request'");
        job.ToJsonString().ShouldNotContain("secrets.");
        job["environment"].ShouldBeNull();
        job["runs-on"]!.ToString().ShouldNotContain("self-hosted");
        RunJob(job, []);
        _runner.RequireSigned(Path.Combine(_runner.Temp, "token/db.pem"));
    }

    [SkippableFact]
    public void A_release_signs_in_shards_and_passes_the_gate()
    {
        JsonNode job = _workflow["jobs"]!["sign"]!;
        job["if"]!.ToString().ShouldBe("github.event_name == 'push'");
        job["environment"]!.ToString().ShouldBe("release");
        foreach (JsonNode? shard in job["strategy"]!["matrix"]!["shard"]!.AsArray())
            RunJob(job, new() { ["matrix.shard"] = shard!.ToString(), ["secrets.KEXECSIGN_PIN"] = Runner.Pin });
        RunJob(_workflow["jobs"]!["gate"]!, []);
        _runner.RequireRelease();
        // The summary of the gate, which joined the shards, is what the run shows last.
        string summary = File.ReadAllText(Path.Combine(_runner.Temp, "summary"));
        summary.ShouldContain("3 built, 0 kept, 0 failed, of 3");
        summary.ShouldContain("| `2.efi` | ✅ accepts |");
        File.ReadAllText(_runner.At("report.html")).ShouldContain("<td class=\"good\">✓ accepts</td>");
    }

    [SkippableFact]
    public void The_gate_stays_closed_when_a_shard_is_missing_or_a_key_is_another()
    {
        JsonNode sign = _workflow["jobs"]!["sign"]!;
        RunJob(sign, new() { ["matrix.shard"] = "1", ["secrets.KEXECSIGN_PIN"] = Runner.Pin });
        string gate = Steps(_workflow["jobs"]!["gate"]!).Single(s => s["run"] is not null)["run"]!.ToString();
        RunAction(_setup, Pins(), []);
        (int exit, string output) = _runner.Ask(gate);
        exit.ShouldBe(1);
        output.ShouldContain("KS3313");
        RunJob(_workflow["jobs"]!["try"]!, []);
        File.Move(_runner.At("report.json"), _runner.At("report-1.json"), overwrite: true);
        (exit, output) = _runner.Ask(gate);
        exit.ShouldBe(4);
        output.ShouldContain("signatures.outer.keys");
    }

    [Fact]
    public void Only_the_release_job_names_a_secret()
    {
        foreach ((string name, JsonNode? job) in _workflow["jobs"]!.AsObject())
            job!.ToJsonString().Contains("secrets.", StringComparison.Ordinal).ShouldBe(name == "sign", name);
        _workflow["permissions"]!.AsObject().Select(p => $"{p.Key}: {p.Value}").ShouldBe(["contents: read"]);
        _workflow["on"]!.AsObject().Select(p => p.Key).ShouldBe(["pull_request", "push"]);
    }

    public void Dispose() => _runner.Dispose();

    private void RunJob(JsonNode job, Dictionary<string, string> values)
    {
        foreach (JsonNode step in Steps(job))
        {
            Dictionary<string, string> environment = Filled(Yaml.Texts(step["env"]), values);
            if (step["run"] is { } run)
                Run(run.ToString(), environment, values);
            else if (step["uses"]!.ToString() == "./.github/actions/setup-kexecsign")
                RunAction(_setup, Filled(Yaml.Texts(step["with"]), PinnedBy()), environment);
            else if (step["uses"]!.ToString() == "./.github/actions/kexecsign")
                RunAction(_action, Filled(Yaml.Texts(step["with"]), values), environment);
        }
    }

    // What a copy of the workflow would name at its top.
    private Dictionary<string, string> PinnedBy()
    {
        _workflow["env"]!.AsObject().Select(e => e.Key).ShouldBe(["KEXECSIGN_RELEASE", "KEXECSIGN_VERSION", "KEXECSIGN_SHA256"]);
        return Pins().ToDictionary(pin => "env.KEXECSIGN_" + pin.Key.ToUpperInvariant(), pin => pin.Value);
    }

    private Dictionary<string, string> Pins() => new() { ["release"] = _runner.Published, ["version"] = Runner.Version, ["sha256"] = _runner.PublishedSha256 };

    private void RunAction(JsonNode action, Dictionary<string, string> with, Dictionary<string, string> environment)
    {
        var values = action["inputs"]!.AsObject().ToDictionary(i => "inputs." + i.Key, i => with.GetValueOrDefault(i.Key) ?? i.Value!["default"]!.ToString());
        with.Keys.ShouldAllBe(key => values.ContainsKey("inputs." + key));
        foreach (JsonNode step in action["runs"]!["steps"]!.AsArray().Select(s => s!))
        {
            if (step["if"] is { } condition)
            {
                condition.ToString().ShouldBe("inputs.keys == ''");
                if (values["inputs.keys"].Length > 0)
                    continue;
            }
            Dictionary<string, string> own = Filled(Yaml.Texts(step["env"]), values);
            foreach ((string name, string value) in environment)
                own.TryAdd(name, value);
            Run(step["run"]!.ToString(), own, values);
        }
    }

    private void Run(string script, Dictionary<string, string> environment, Dictionary<string, string> values)
    {
        // An expression inside a script would be a way in for whoever names a branch or file.
        if (!values.Keys.Any(key => key.StartsWith("matrix.", StringComparison.Ordinal)))
            script.ShouldNotContain("${{");
        environment["RUNNER_TEMP"] = _runner.Temp;
        environment["GITHUB_ACTION_PATH"] = Runner.Pipeline("");
        string path = environment["GITHUB_PATH"] = Path.Combine(_runner.Temp, "path");
        File.WriteAllText(path, "");
        environment["GITHUB_STEP_SUMMARY"] = Path.Combine(_runner.Temp, "summary");
        if (environment.ContainsKey("KEXECSIGN_PIN"))
            environment["SOFTHSM2_CONF"] = _runner.Release["SOFTHSM2_CONF"];
        _runner.Run(script, environment);
        foreach (string folder in File.ReadAllLines(path))
            _runner.Prepend(folder);
    }

    private static IEnumerable<JsonNode> Steps(JsonNode job) => job["steps"]!.AsArray().Select(s => s!);

    private static Dictionary<string, string> Filled(Dictionary<string, string> texts, Dictionary<string, string> values) =>
        texts.ToDictionary(t => t.Key, t => Expression().Replace(t.Value, m => values[m.Groups[1].Value]));

    [GeneratedRegex(@"\$\{\{ *([\w.-]+) *\}\}")]
    private static partial Regex Expression();
}
