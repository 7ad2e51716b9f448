using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Core.Reports;
using KexecSign.Core;

namespace KexecSign.Commands.Demo;

/// <summary>Options of <c>demo</c>.</summary>
public sealed record DemoOptions
{
    /// <summary>The EFI image to sign; null for a small one that is made.</summary>
    public string? File { get; init; }

    /// <summary>The folder that everything goes into.</summary>
    public string Directory { get; init; } = DemoOperation.DefaultDirectory;
}

/// <summary>A command of the demonstration and what came of it.</summary>
/// <param name="Command">The command line, as one may type it again.</param>
/// <param name="Exit">Its exit code.</param>
/// <param name="Says">The first line of its answer.</param>
public sealed record DemoStep(string Command, int Exit, string Says)
{
    /// <summary>Whether it asked who accepts an image.</summary>
    internal bool Verifies => Command.StartsWith("kexecsign verify ", StringComparison.Ordinal);

    internal ImmutableArray<ReportTable> Shown { get; init; } = [];
}

/// <summary>Result of <c>demo</c>.</summary>
/// <param name="Folder">The folder that everything is in.</param>
/// <param name="Steps">The commands in order.</param>
public sealed record DemoResult(string Folder, ImmutableArray<DemoStep> Steps) : OperationResult
{
    private const string Second = "in the second one byte was changed after signing.";

    /// <inheritdoc/>
    [JsonIgnore]
    public override ExitCode Exit => ExitCode.Done;

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"A token, a signed image and who takes it, in {Folder}",
        [.. Steps.SelectMany(step => step.Shown.Prepend(new("$ " + step.Command, [], [["->", step.Says]])))],
        [
            Steps.First(step => step.Verifies).Exit == (int)ExitCode.Done
                ? "The first image was accepted because db.pem is trusted as firmware's db; " + Second
                : "The first image is signed, and who does not accept it says why above; " + Second,
            $"Go on with the same keys: kexecsign sign FILE -k db -o FILE.signed --config "
                + $"{Path.Combine(Folder, DemoOperation.ConfigurationName)}",
            $"To be rid of all of it, remove {Folder}.",
        ]);
}

/// <summary>JSON of the result of <c>demo</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DemoResult))]
internal sealed partial class DemoJson : JsonSerializerContext;
