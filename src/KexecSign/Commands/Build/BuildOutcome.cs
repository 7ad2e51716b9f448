using System.Text.Json.Serialization;
using KexecSign.Core.Reports;

namespace KexecSign.Commands.Build;

/// <summary>The result of <c>build</c>: of one image, or of a plan.</summary>
[JsonDerivedType(typeof(BuildResult))]
[JsonDerivedType(typeof(PlanResult))]
public abstract record BuildOutcome : OperationResult
{
    /// <summary>Version of KexecSign.</summary>
    public required string Tool { get; init; }
}
