using System.Text.Json;
using System.Text.Json.Nodes;
using KexecSign.Commands.Build;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Tests.Pictures;

namespace KexecSign.Tests.Commands.Build;

/// <summary>Reports come from other machines: whatever is missing or strange in one is a wrong report, or does not matter, and never a failure of ours.</summary>
public sealed class WholeReportTests : IDisposable
{
    private readonly Bench _bench = new();

    [Fact]
    public void A_report_without_some_value_is_refused_or_shown()
    {
        PicturedRun.Planned(_bench);
        string report = File.ReadAllText(_bench.Folder.At("report.json"));
        int count = Leaves(JsonNode.Parse(report)!).Count();
        count.ShouldBeGreaterThan(60);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            foreach (Action<JsonNode> change in (Action<JsonNode>[])[Remove, node => node.ReplaceWith<JsonNode?>(null), node => node.ReplaceWith(99)])
            {
                JsonNode root = JsonNode.Parse(report)!;
                JsonNode leaf = Leaves(root).ElementAt(i);
                string place = leaf.GetPath();
                change(leaf);
                refused += Merge(root.ToJsonString(), place) ? 0 : 1;
            }
        }
        refused.ShouldBeGreaterThan(count);
    }

    [Theory]
    [InlineData("answer", "99")]
    [InlineData("consumer", "99")]
    [InlineData("reason", "null")]
    public void A_verdict_that_is_none_is_named(string field, string value)
    {
        PicturedRun.Planned(_bench);
        JsonNode root = JsonNode.Parse(File.ReadAllText(_bench.Folder.At("report.json")))!;
        root["images"]![0]!["result"]!["verdicts"]![0]![field] = JsonNode.Parse(value);
        string path = _bench.Folder.File("strange.json", System.Text.Encoding.UTF8.GetBytes(root.ToJsonString()));
        Refusal.Of("KS3311", () => PlanMergeOperation.Definition.Run(new() { Reports = [path], Html = _bench.Folder.At("merged.html") }, _bench.Context), path);
    }

    public void Dispose() => _bench.Dispose();

    private bool Merge(string report, string place)
    {
        string path = _bench.Folder.File("changed.json", System.Text.Encoding.UTF8.GetBytes(report)), html = _bench.Folder.At("merged.html");
        try
        {
            PlanMergeOperation.Definition.Run(new() { Reports = [path], Html = html, Markdown = html + ".md", Output = html + ".json" }, _bench.Context).View();
            return true;
        }
        catch (KexecSignException refused)
        {
            refused.Code.Id.ShouldStartWith("KS33", customMessage: place);
            return false;
        }
        catch (Exception failed) when (failed is not Shouldly.ShouldAssertException)
        {
            throw new InvalidOperationException($"{place}: {failed.Message}", failed);
        }
    }

    private static void Remove(JsonNode leaf)
    {
        if (leaf.Parent is JsonObject parent)
            parent.Remove(leaf.GetPropertyName());
        else
            leaf.Parent!.AsArray().RemoveAt(leaf.GetElementIndex());
    }

    private static IEnumerable<JsonNode> Leaves(JsonNode node) => node switch
    {
        JsonObject members => members.Select(member => member.Value).OfType<JsonNode>().SelectMany(Leaves).Concat(node.Parent is null ? [] : [node]),
        JsonArray items => items.OfType<JsonNode>().SelectMany(Leaves).Append(node),
        _ => node.GetValueKind() == JsonValueKind.Null ? [] : [node],
    };
}
