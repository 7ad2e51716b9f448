using System.Text.Json.Nodes;
using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>A plan as an array job of a real scheduler, one of whose nodes dies in the middle.</summary>
[Collection(nameof(CompatBench))]
public sealed class SlurmTests(CompatBench bench)
{
    private const int Images = 200, Jobs = 8;

    [SkippableFact]
    public void A_node_that_dies_loses_nothing_and_has_nothing_signed_twice()
    {
        Token.Make(bench);
        using var cluster = new SlurmCluster(bench);
        Plan("one", "one");
        Plan("array", "array");
        Script("shard.sh", "build array.json --shard auto --keys keys.json --pin-file pin --report report-$SLURM_ARRAY_TASK_ID.json --quiet");
        Script("merge.sh", $"plan merge {string.Join(' ', Enumerable.Range(1, Jobs).Select(i => $"report-{i}.json"))} -o report.json --quiet");

        string array = Submit(cluster, $"--array=1-{Jobs} --requeue", "shard.sh");
        // A job of the doomed node is stopped between two images before the node goes, so that the cut is in the middle of its work.
        cluster.Run($$"""
            for i in $(seq 3000); do
                for e in $(grep -lzx SLURMD_NODENAME={{SlurmCluster.Doomed}} /proc/[0-9]*/environ 2>/dev/null); do
                    p=${e#/proc/}; p=${p%/environ}; n=$(tr '\0' '\n' < $e | sed -n 's/^SLURM_ARRAY_TASK_ID=//p')
                    [ "$(cat /proc/$p/comm)" = kexecsign ] || continue
                    kill -STOP $p; done=$(ls ../array/$n-*.json 2>/dev/null | wc -l)
                    if [ $done -ge 2 ] && [ $done -lt {{(Images / Jobs) - 2}} ]; then echo $done; exit 0; fi
                    kill -CONT $p
                done
                sleep 0.01
            done
            exit 1
            """).Exit.ShouldBe(0, "no job was met in the middle of its work\n" + cluster.Logs);
        cluster.Cut(SlurmCluster.Doomed);
        Dictionary<string, string> before = Files();
        string merge = Submit(cluster, $"--dependency=afterok:{array}", "merge.sh");
        Answer ended = cluster.Run($$"""
            for i in $(seq 300); do
                case $(scontrol show job {{merge}} -o) in
                    *JobState=COMPLETED*) exit 0;;
                    *JobState=PENDING*DependencyNeverSatisfied* | *JobState=[FTC]*) break;;
                esac
                sleep 0.4
            done
            squeue -r; scontrol show job; cat *.out; exit 1
            """);
        ended.Exit.ShouldBe(0, ended.Output + cluster.Logs);

        bench.Ours("kexecsign", "build", "one.json", "--keys", "keys.json", "--pin-file", "pin", "--quiet").Exit.ShouldBe(0);
        JsonArray images = JsonNode.Parse(bench.Read("report.json"))!["images"]!.AsArray();
        images.Count.ShouldBe(Images);
        string[] statuses = [.. images.Select(i => (string)i!["status"]!)];
        statuses.ShouldAllBe(s => s == "Built" || s == "Kept");
        statuses.Count(s => s == "Kept").ShouldBeGreaterThan(1, "what the dead node had finished");
        Dictionary<string, string> after = Files();
        before.ShouldAllBe(file => after[file.Key] == file.Value, "an image that was finished before was made again");
        for (int i = 0; i < Images; i++)
            bench.Read($"array/{Name(i)}.efi").ShouldBe(bench.Read($"one/{Name(i)}.efi"), Name(i));
        Directory.GetFiles(bench.Folder.At("array")).Length.ShouldBe(Images * 3, "an image, its sidecar and its report each");
        bench.Theirs("sbverify", "--cert", "db.pem", $"array/{Name(7)}.efi").Exit.ShouldBe(0);
    }

    // The number in front is that of the job that makes it: the I-th of N takes every N-th image.
    private static string Name(int index) => $"{(index % Jobs) + 1}-{index}";

    private void Plan(string name, string folder)
    {
        var images = new JsonArray();
        for (int i = 0; i < Images; i++)
        {
            bench.Folder.File($"in-{i}", TestImage.Arm64(i + 1).Bytes);
            images.Add(JsonNode.Parse($$"""
                { "image": "in-{{i}}", "steps": [{ "step": "sign", "key": "db" }, { "step": "ima", "key": "ima" }],
                  "outputs": { "image": "{{folder}}/{{Name(i)}}.efi", "report": "{{folder}}/{{Name(i)}}.json" } }
                """));
        }
        File.WriteAllText(bench.Folder.At(name + ".json"), new JsonObject { ["images"] = images }.ToJsonString());
        File.WriteAllText(bench.Folder.At("keys.json"), $$"""
            { "keys": { "db": { "key": "{{Token.Uri}}", "cert": "db.pem" }, "ima": { "key": "ima.key", "cert": "ima.pem" } } }
            """);
    }

    private void Script(string name, string command)
    {
        string settings = string.Concat(Token.Environment(bench).Select(e => $"export {e.Name}={e.Value}\n"));
        File.WriteAllText(bench.Folder.At(name), $"#!/bin/sh\ncd {bench.Folder.Path}\n{settings}exec {bench.Links}/kexecsign {command}\n");
    }

    private static string Submit(SlurmCluster cluster, string options, string script)
    {
        Answer answer = cluster.Run($"sbatch --parsable {options} -o %x-%a.out ../{script}");
        answer.Exit.ShouldBe(0, answer.Error + cluster.Run("cat *.out").Output + cluster.Logs);
        return answer.Output.Trim();
    }

    // Each finished image (its report is written last) with what tells whether it was written again.
    private Dictionary<string, string> Files()
    {
        string list = bench.Shell("cd array && for r in *.json; do stat -c '%n %i %Y' \"${r%.json}.efi\"; done").Output;
        return list.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ', 2)).ToDictionary(l => l[0], l => l[1]);
    }
}
