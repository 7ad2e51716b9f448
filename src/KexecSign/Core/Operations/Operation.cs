using System.Collections.Immutable;
using System.Text.Json.Serialization.Metadata;
using KexecSign.Core.Reports;

namespace KexecSign.Core.Operations;

/// <summary>A line that shows how an operation is used, and what it does.</summary>
/// <param name="CommandLine">What one types, from <c>kexecsign</c> on.</param>
/// <param name="Explanation">What happens then, in one sentence.</param>
public sealed record Example(string CommandLine, string Explanation);

/// <summary>What KexecSign can do, one instance per command; the faces are made from these descriptions.</summary>
public abstract class Operation
{
    private const string Elsewhere = "The key may be on another machine: 'prepare:DIR', 'bundle sign', 'attach:DIR' (docs/elsewhere.md).";

    private readonly string _details = "";

    private protected Operation()
    {
    }

    /// <summary>Words of the command, for instance <c>zboot build</c>.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence, shown in lists.</summary>
    public required string Summary { get; init; }

    /// <summary>A paragraph of what one should know before using it; may be empty.</summary>
    public string Details
    {
        get => SignsElsewhere ? $"{_details} {Elsewhere}".TrimStart() : _details;
        init => _details = value;
    }

    /// <summary>Examples that work as they stand.</summary>
    public ImmutableArray<Example> Examples { get; init; } = [];

    /// <summary>Whether it runs programs that it looks for by name, to which some of the environment is handed on.</summary>
    public bool RunsPrograms { get; init; }

    /// <summary>
    /// Whether its keys may be elsewhere (<c>prepare:</c>, <c>attach:</c>): none of its signatures is covered by another, and it writes
    /// through the layer that touches the disk alone.
    /// </summary>
    public bool SignsElsewhere { get; init; }

    /// <summary>Positional arguments in order.</summary>
    public abstract IReadOnlyList<ArgumentSpec> Arguments { get; }

    /// <summary>Options, in the order in which help shows them.</summary>
    public abstract IReadOnlyList<OptionSpec> Options { get; }

    /// <summary>The options record with every default in place.</summary>
    public abstract object DefaultOptions { get; }

    /// <summary>How the result is written as JSON.</summary>
    public abstract JsonTypeInfo ResultType { get; }

    /// <summary>Runs with an options record of this operation's type.</summary>
    public abstract OperationResult Run(object options, RunContext context);

    /// <summary>A result as the JSON document that people and programs get; of a dry run the plan.</summary>
    public byte[] Json(OperationResult result) => ReportDocument.Of(result, result switch
    {
        PlannedResult => PlannedResult.JsonType,
        BundledResult => BundledResult.JsonType,
        _ => ResultType,
    });
}

/// <summary>An operation with its types.</summary>
public sealed class Operation<TOptions, TResult> : Operation
    where TOptions : class, new()
    where TResult : OperationResult
{
    /// <summary>Makes the positional arguments, in order; only for who asks: most runs are of one command and of some of none.</summary>
    public Func<ImmutableArray<ArgumentSpec<TOptions>>> MakeArguments { private get; init; } = () => [];

    /// <summary>Makes the options, in the order in which help shows them.</summary>
    public Func<ImmutableArray<OptionSpec<TOptions>>> MakeOptions { private get; init; } = () => [];

    /// <summary>Positional arguments in order.</summary>
    public ImmutableArray<ArgumentSpec<TOptions>> TypedArguments => field.IsDefault ? field = MakeArguments() : field;

    /// <summary>Options, in the order in which help shows them.</summary>
    public ImmutableArray<OptionSpec<TOptions>> TypedOptions => field.IsDefault ? field = MakeOptions() : field;

    /// <summary>
    /// How the result is written as JSON; asked for only when JSON is written, because making it takes longer than starting up.
    /// </summary>
    public required Func<JsonTypeInfo<TResult>> TypedResult { get; init; }

    /// <summary>
    /// What is done without the machine's cryptographic library, which takes longer to load than many a request to an agent; null as a
    /// result for all that is not for it, and nothing was done then.
    /// </summary>
    internal Func<TOptions, RunContext, TResult?>? Shortcut { get; init; }

    /// <summary>The operation's code.</summary>
    public required Func<TOptions, RunContext, TResult> Body { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<ArgumentSpec> Arguments => TypedArguments;

    /// <inheritdoc/>
    public override IReadOnlyList<OptionSpec> Options => TypedOptions;

    /// <inheritdoc/>
    public override object DefaultOptions => new TOptions();

    /// <inheritdoc/>
    public override JsonTypeInfo ResultType => TypedResult();

    /// <summary>What would be done, for <c>--dry-run</c>; null for an operation that only reads.</summary>
    public Func<TOptions, IEnumerable<PlannedStep>>? Plan { get; init; }

    /// <inheritdoc/>
    public override OperationResult Run(object options, RunContext context)
    {
        if (!context.DryRun || Plan is null)
        {
            TResult result = Run((TOptions)options, context, out BundledResult? bundled);
            return bundled is null ? result : bundled;
        }
        using var run = RunScope.Begin(context);
        return new PlannedResult(Name, PlannedStep.Rehearsed([.. Plan((TOptions)options)]));
    }

    /// <summary>Runs with typed options. With a key that is elsewhere and has yet to sign, the result is that of the rehearsal.</summary>
    public TResult Run(TOptions options, RunContext context)
    {
        TResult result = Run(options, context, out BundledResult? bundled);
        if (bundled is not null)
            context.Log.Warning(bundled.View().Title);
        return result;
    }

    /// <summary>The same, telling of a bundle that was written in the place of all else.</summary>
    /// <param name="options">The options.</param>
    /// <param name="context">Run context.</param>
    /// <param name="bundled">What was written out for a key elsewhere; the result is that of a rehearsal then. Null for nothing.</param>
    public TResult Run(TOptions options, RunContext context, out BundledResult? bundled)
    {
        bundled = null;
        if (Shortcut is not null)
        {
            using var quick = RunScope.Begin(context);
            if (Shortcut(options, context) is { } done)
                return done;
        }
        MachineCrypto.Require();
        using var run = RunScope.Begin(context, SignsElsewhere ? null : Name);
        TResult result = Body(options, context);
        bundled = run.Elsewhere?.EndRehearsal(Name, result, context);
        return run.Elsewhere is null || bundled is not null ? result : Body(options, context);
    }
}
