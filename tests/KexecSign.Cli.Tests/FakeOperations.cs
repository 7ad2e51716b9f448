using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Formats.Errors;

namespace KexecSign.Cli.Tests;

public sealed record FakeOptions
{
    public ImmutableArray<string> Files { get; init; } = [];

    public ImmutableArray<string> Certificates { get; init; } = [];

    public string? Key { get; init; }

    public string? Output { get; init; }

    public bool Replace { get; init; }

    public string Digest { get; init; } = "sha256";
}

public sealed record FakeResult(string Title, int Count, [property: JsonIgnore] ExitCode Ends) : OperationResult
{
    public override ExitCode Exit => Ends;

    [JsonIgnore]
    public ImmutableArray<ReportFailure> Failures { get; init; } = [];

    public override ReportView View() => new(Title, [ReportTable.Fields("fields", ("count", $"{Count}"))], ["a note"]) { Failures = Failures };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(FakeResult))]
internal sealed partial class FakeJson : JsonSerializerContext;

/// <summary>Operations with every kind of option, whose body the test gives.</summary>
internal static class FakeOperations
{
    public static Operation Named(string name, Func<FakeOptions, RunContext, FakeResult>? body = null, bool keyRequired = false) =>
        new Operation<FakeOptions, FakeResult>
        {
            Name = name,
            Summary = $"Does {name}.",
            Details = "Some details.",
            Examples = [new($"kexecsign {name} Image", "Do it.")],
            MakeArguments = () => [new("FILE", "The images.", (o, v) => o with { Files = o.Files.Add(v) }, required: false, repeatable: true)],
            MakeOptions = () =>
            [
                new("key", "KEY", "The key.", (o, v) => o with { Key = v }, required: keyRequired),
                new("cert", "CERT", "Certificates.", (o, v) => o with { Certificates = o.Certificates.Add(v) }, repeatable: true),
                new("digest", "HASH", "The digest.", (o, v) => o with { Digest = v }, defaultValue: "sha256", choices: ["sha256", "sha384"]),
                new("replace", null, "Drop others.", (o, _) => o with { Replace = true }),
                new("o", "PATH", "The output.", (o, v) => o with { Output = v }),
            ],
            TypedResult = () => FakeJson.Default.FakeResult,
            Body = body ?? ((options, _) => new("done", options.Files.Length, ExitCode.Done)),
        };

    /// <summary>An operation that takes exactly one file.</summary>
    public static Operation Single(Func<FakeOptions, RunContext, FakeResult> body) => new Operation<FakeOptions, FakeResult>
    {
        Name = "inspect",
        Summary = "Looks.",
        MakeArguments = () => [new("FILE", "The image.", (o, v) => o with { Output = v })],
        TypedResult = () => FakeJson.Default.FakeResult,
        Body = body,
    };

    /// <summary>An operation that takes these arguments, once each.</summary>
    public static Operation With(string name, params string[] arguments) => new Operation<FakeOptions, FakeResult>
    {
        Name = name,
        Summary = "Takes little.",
        MakeArguments = () => [.. arguments.Select(argument => new ArgumentSpec<FakeOptions>(argument, "One.", (o, _) => o))],
        MakeOptions = () => [new("image", "FILE", "The image.", (o, v) => o with { Output = v })],
        TypedResult = () => FakeJson.Default.FakeResult,
        Body = (_, _) => new("done", 0, ExitCode.Done),
    };

    /// <summary>An operation that runs a command.</summary>
    public static Operation Running(string name) => new Operation<FakeOptions, FakeResult>
    {
        Name = name,
        Summary = "Runs.",
        MakeArguments = () => [new("COMMAND", "The command.", (o, v) => o with { Files = o.Files.Add(v) }, repeatable: true) { BehindDashes = true }],
        TypedResult = () => FakeJson.Default.FakeResult,
        Body = (_, _) => new("done", 0, ExitCode.Done),
    };

    public static Operation Throwing(Exception thrown) => Named("fail", (_, _) => throw thrown);
}
