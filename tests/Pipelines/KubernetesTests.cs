using System.Text.Json.Nodes;
using KexecSign.Fixtures;

namespace KexecSign.Pipelines.Tests;

/// <summary>The indexed Job: read by Kubernetes' own schema, its pods' scripts run.</summary>
public sealed class KubernetesTests : IDisposable
{
    private const string Manifest = "kubernetes/sign-kernels.yaml";

    // The models are made from Kubernetes' OpenAPI description. They let unknown fields pass, as a server without strict field
    // validation does, so what is never looked at is told too: a field that nobody reads is a misspelt one.
    private const string Judge = """
        const [models, file] = process.argv.slice(1), { Job } = require(models + '/batch/v1');
        const unread = [];
        const watched = (value, path) => {
          if (value === null || typeof value !== 'object') return value;
          const read = new Set(), inside = {};
          for (const name of Object.keys(value)) inside[name] = watched(value[name], path + '/' + name);
          unread.push(() => Object.keys(value).filter(n => !read.has(n)).map(n => path + '/' + n));
          const target = Array.isArray(value) ? Object.keys(value).map(n => inside[n]) : inside;
          return new Proxy(target, {
            get: (t, n) => { read.add(n); return t[n]; },
            ownKeys: t => Reflect.ownKeys(t),
          });
        };
        const { validate } = require(models + '/_schemas/IoK8sApiBatchV1Job');
        for (const document of JSON.parse(require('fs').readFileSync(file))) {
          new Job(document).validate();
          unread.length = 0;
          if (!validate(watched(document, ''))) throw new Error(JSON.stringify(validate.errors));
          const strange = unread.flatMap(f => f());
          if (strange.length) throw new Error('no field of a Job: ' + strange);
        }
        """;

    private readonly Runner _runner = new();
    private readonly JsonArray _jobs = Yaml.Documents(Runner.Pipeline(Manifest));

    [SkippableTheory]
    [InlineData("as it stands", "", "", 0)]
    [InlineData("a misspelt field", "backoffLimitPerIndex", "backoffLimitPerindex", 1)]
    [InlineData("a misspelt field in a container", "readOnlyRootFilesystem", "readonlyRootFilesystem", 1)]
    [InlineData("a text for a number", "\"completions\":4", "\"completions\":\"4\"", 1)]
    [InlineData("no template", "\"template\"", "\"templates\"", 1)]
    public void Kubernetes_schema_takes_it(string what, string old, string changed, int exit)
    {
        string models = NodePackages.Folder("kubernetes-models"), text = _jobs.ToJsonString();
        string file = _runner.At("jobs.json");
        File.WriteAllText(file, old.Length == 0 ? text : text.Replace(old, changed, StringComparison.Ordinal));
        ToolAnswer answer = Tool.Ask("node", "-e", Judge, models, file);
        answer.Exit.ShouldBe(exit, what + "\n" + answer.Output);
    }

    [Fact]
    public void As_many_pods_are_started_as_parts_are_built()
    {
        JsonNode spec = Job("kexecsign-build")["spec"]!;
        spec["completionMode"]!.ToString().ShouldBe("Indexed");
        Environment(spec)["SHARDS"].ShouldBe(spec["completions"]!.ToString());
    }

    [SkippableFact]
    public void Its_pods_build_the_plan_and_the_gate_closes_on_a_stranger()
    {
        JsonNode build = Job("kexecsign-build")["spec"]!, gate = Job("kexecsign-gate")["spec"]!;
        Dictionary<string, string> environment = Environment(build);
        environment["PIN_FILE"] = Path.Combine(_runner.ReleaseToken, "pin");
        // As a secret's volume has it for a pod that is not root.
        File.SetUnixFileMode(environment["PIN_FILE"], UnixFileMode.UserRead | UnixFileMode.GroupRead);
        for (int i = 0; i < int.Parse(environment["SHARDS"], null); i++)
            _runner.Run(Script(build), new(environment) { ["JOB_COMPLETION_INDEX"] = $"{i}", ["SOFTHSM2_CONF"] = Path.Combine(_runner.ReleaseToken, "softhsm2.conf") });
        _runner.Run(Script(gate), Environment(gate));
        _runner.RequireRelease();

        Tool.Run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", _runner.At("stranger.key"), "-out", _runner.At("stranger.pem"), "-subj", "/CN=release", "-days", "90");
        _runner.Run("rm out/1.efi; kexecsign sign image1 --key stranger.key --cert stranger.pem -o out/1.efi");
        (int exit, string output) = _runner.Ask(Script(gate), Environment(gate));
        exit.ShouldBe(4, output);
    }

    public void Dispose() => _runner.Dispose();

    private JsonNode Job(string name) => _jobs.Single(j => j!["metadata"]!["name"]!.ToString() == name)!;

    private static JsonNode Container(JsonNode spec) => spec["template"]!["spec"]!["containers"]!.AsArray().ShouldHaveSingleItem()!;

    private static string Script(JsonNode spec) => Container(spec)["args"]!.AsArray().ShouldHaveSingleItem()!.ToString();

    private static Dictionary<string, string> Environment(JsonNode spec) =>
        Container(spec)["env"]!.AsArray().ToDictionary(e => e!["name"]!.ToString(), e => e!["value"]!.ToString());
}
