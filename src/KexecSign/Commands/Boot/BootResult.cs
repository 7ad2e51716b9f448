using System.Text.Json.Serialization;
using KexecSign.Core.Reports;
using KexecSign.Core;
using KexecSign.Qemu;

namespace KexecSign.Commands.Boot;

/// <summary>Result of <c>boot</c>.</summary>
/// <param name="File">The image.</param>
/// <param name="Architecture">The machine's architecture.</param>
/// <param name="Firmware">The firmware's file.</param>
/// <param name="SecureBoot">Whether keys were enrolled.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Says">The line of the console that says so.</param>
/// <param name="Console">Where the whole console is; null for nowhere.</param>
public sealed record BootResult(string File, string Architecture, string Firmware, bool SecureBoot, BootOutcome Outcome, string Says,
    string? Console) : OperationResult
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override ExitCode Exit => Outcome switch
    {
        BootOutcome.Started => ExitCode.Done,
        BootOutcome.Refused => ExitCode.VerificationFailed,
        BootOutcome.Failed or BootOutcome.Late => ExitCode.Failed,
        _ => throw new ArgumentOutOfRangeException(nameof(Outcome), Outcome, null),
    };

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{File}: " + Outcome switch
        {
            BootOutcome.Started => "started",
            BootOutcome.Refused => "refused by firmware",
            BootOutcome.Failed => "not started",
            BootOutcome.Late => "not started in time",
            _ => throw new ArgumentOutOfRangeException(nameof(Outcome), Outcome, null),
        },
        [ReportTable.Fields("", ("machine", Architecture), ("firmware", Firmware), ("Secure Boot", SecureBoot ? "on" : "off"),
            ("says", Says), ("console", Console))], []);
}

/// <summary>JSON of the result of <c>boot</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BootResult))]
internal sealed partial class BootJson : JsonSerializerContext;
