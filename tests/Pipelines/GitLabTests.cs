using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KexecSign.Fixtures;

namespace KexecSign.Pipelines.Tests;

/// <summary>The CI component: expanded and validated by gitlab-ci-local, which carries GitLab's schema; its scripts run.</summary>
public sealed partial class GitLabTests : IDisposable
{
    // gitlab-ci-local wants a method that Node.js has from version 22 on.
    private const string Newer = "Set.prototype.union ??= function (other) { return new Set([...this, ...other]); };";

    private readonly Runner _runner = new();

    [SkippableFact]
    public void It_is_valid_by_GitLabs_schema()
    {
        string program = Path.Combine(NodePackages.Folder("gitlab-ci-local"), "dist/index.js");
        File.WriteAllText(_runner.At("newer.cjs"), Newer);
        Directory.CreateDirectory(_runner.At("templates"));
        string component = _runner.At("templates/sign-kernel.yml");
        File.Copy(Runner.Pipeline("gitlab/templates/sign-kernel.yml"), component);
        File.WriteAllText(_runner.At(".gitlab-ci.yml"), "include:\n  - local: templates/sign-kernel.yml\n    inputs: { shards: 3 }\n");
        _runner.Run("git init -q . && git add -A && git -c user.name=test -c user.email=test@example.invalid commit -qm test && git remote add origin https://gitlab.example/group/project.git");
        string preview = $"node -r ./newer.cjs '{program}' --preview";
        _runner.Run(preview).ShouldContain("parallel: 3");
        File.WriteAllText(component, File.ReadAllText(component).Replace("needs:", "neds:", StringComparison.Ordinal));
        (int exit, string output) = _runner.Ask(preview);
        exit.ShouldNotBe(0);
        output.ShouldContain("neds");
    }

    [SkippableFact]
    public void A_merge_request_signs_with_a_throw_away_token()
    {
        JsonNode job = Jobs()["kexecsign-try"]!;
        Rule(job).ShouldBe("$CI_PIPELINE_SOURCE == \"merge_request_event\"");
        job["tags"].ShouldBeNull();
        job["environment"].ShouldBeNull();
        Script(job, new() { ["CI_BUILDS_DIR"] = _runner.Temp });
        _runner.RequireSigned(Path.Combine(_runner.Temp, "token/db.pem"));
    }

    [SkippableFact]
    public void A_protected_tag_signs_in_shards_and_passes_the_gate()
    {
        JsonNode jobs = Jobs(), sign = jobs["kexecsign-sign"]!, gate = jobs["kexecsign-gate"]!;
        foreach (JsonNode job in new[] { sign, gate })
            Rule(job).ShouldContain("$CI_COMMIT_REF_PROTECTED == \"true\"");
        int shards = int.Parse(sign["parallel"]!.ToString());
        for (int i = 1; i <= shards; i++)
            Script(sign, new(_runner.Release) { ["CI_NODE_INDEX"] = $"{i}", ["CI_NODE_TOTAL"] = $"{shards}" });
        Script(gate, []);
        _runner.RequireRelease();
        File.ReadAllText(_runner.At("report.html")).ShouldContain("3 built, 0 kept, 0 failed, of 3");
        File.ReadAllText(_runner.At("report.md")).ShouldContain("✅ accepts");
        File.WriteAllText(_runner.At("release.policy.json"), """{ "parser": { "required": true } }""");
        string last = gate["script"]!.AsArray()[^1]!.ToString();
        _runner.Ask(last).Exit.ShouldBe(4);
    }

    public void Dispose() => _runner.Dispose();

    private static JsonNode Jobs()
    {
        JsonArray documents = Yaml.Documents(Runner.Pipeline("gitlab/templates/sign-kernel.yml"));
        JsonObject inputs = documents[0]!["spec"]!["inputs"]!.AsObject();
        string text = Input().Replace(documents[1]!.ToJsonString(), m => inputs[m.Groups[1].Value]!["default"]!.ToString());
        return JsonNode.Parse(text)!;
    }

    private static string Rule(JsonNode job) => job["rules"]!.AsArray().ShouldHaveSingleItem()!["if"]!.ToString();

    private void Script(JsonNode job, Dictionary<string, string> environment)
    {
        foreach (JsonNode? line in job["script"]!.AsArray())
            _runner.Run(line!.ToString(), environment);
    }

    [GeneratedRegex(@"\$\[\[ inputs\.([\w-]+) \]\]")]
    private static partial Regex Input();
}
