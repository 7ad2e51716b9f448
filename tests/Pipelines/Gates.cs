using System.Text.Json.Nodes;

namespace KexecSign.Pipelines.Tests;

/// <summary>The lines of each CI system's template that are its gate.</summary>
internal static class Gates
{
    public const string Policy = "release.policy.json";

    /// <summary>The lines and the environment that they are run in.</summary>
    public static (string Script, Dictionary<string, string> Environment) Of(string system, Runner runner)
    {
        switch (system)
        {
            case "github":
                return (Runs(Yaml.Document(Runner.Pipeline("github/sign-kernel.yml"))["jobs"]!["gate"]!["steps"]!, "run"), []);
            case "gitlab":
                return (string.Join('\n', Yaml.Documents(Runner.Pipeline("gitlab/templates/sign-kernel.yml"))[1]!["kexecsign-gate"]!["script"]!.AsArray())
                    .Replace("$[[ inputs.policy ]]", Policy, StringComparison.Ordinal), []);
            case "azure":
                JsonNode stage = Yaml.Document(Runner.Pipeline("azure/sign-kernel.yml"))["stages"]!.AsArray().Single(s => s!["stage"]!.ToString() == "Gate")!;
                string script = "rm -rf \"$PIPELINE_WORKSPACE/signed-1\"; mkdir -p \"$PIPELINE_WORKSPACE/signed-1\"; cp -r out report-1.json \"$PIPELINE_WORKSPACE/signed-1\"\n" + Runs(stage["jobs"]![0]!["steps"]!, "bash");
                return (script, new() { ["PIPELINE_WORKSPACE"] = runner.Temp, ["POLICY"] = Policy });
            case "kubernetes":
                JsonNode job = Yaml.Documents(Runner.Pipeline("kubernetes/sign-kernels.yaml")).Single(j => j!["metadata"]!["name"]!.ToString() == "kexecsign-gate")!;
                return (job["spec"]!["template"]!["spec"]!["containers"]![0]!["args"]![0]!.ToString(), new() { ["POLICY"] = Policy });
            default:
                JsonNode task = Yaml.Documents(Runner.Pipeline("tekton/tasks.yaml")).Single(t => t!["metadata"]!["name"]!.ToString() == "kexecsign-gate")!;
                return (Runs(task["spec"]!["steps"]!, "script"), new() { ["POLICY"] = Policy, ["RESULT"] = Path.Combine(runner.Temp, "result") });
        }
    }

    // Other steps install the program.
    private static string Runs(JsonNode steps, string name) =>
        steps.AsArray().Single(s => s![name]?.ToString().Contains("kexecsign gate", StringComparison.Ordinal) == true)![name]!.ToString();
}
