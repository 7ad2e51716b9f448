using System.Text.Json.Serialization;
using KexecSign.Formats.Errors;

namespace KexecSign.Core.Reports;

/// <summary>What an operation found or did: a record that becomes JSON as it stands and a view that a person can read.</summary>
public abstract record OperationResult
{
    /// <summary>The number that grows when a document's fields change their meaning or go away; new fields leave it as it is.</summary>
    public const int CurrentSchema = 1;

    /// <summary>Which version of its schema the JSON document follows.</summary>
    [JsonPropertyOrder(-1)]
    public int SchemaVersion { get; } = CurrentSchema;

    /// <summary>The exit code of a command that ends with this result.</summary>
    [JsonIgnore]
    public virtual ExitCode Exit => ExitCode.Done;

    /// <summary>Whether the result is shown to people at the end; not where standard output is another program's.</summary>
    [JsonIgnore]
    public virtual bool IsShown => true;

    /// <summary>The result for people.</summary>
    public abstract ReportView View();
}
