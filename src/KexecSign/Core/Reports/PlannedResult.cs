using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using KexecSign.Core.Operations;

namespace KexecSign.Core.Reports;

/// <summary>What an operation would do; nothing was touched.</summary>
/// <param name="Operation">Its name.</param>
/// <param name="Steps">The steps in order.</param>
public sealed record PlannedResult(string Operation, ImmutableArray<PlannedStep> Steps) : OperationResult
{
    /// <summary>How a plan is written as JSON, whatever the operation.</summary>
    public static JsonTypeInfo JsonType => PlannedJson.Default.PlannedResult;

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{Operation} would do this; nothing was touched", [new("", [], [.. Steps.Select(s => ImmutableArray.Create(s.Action, s.What))])],
            []);
}
