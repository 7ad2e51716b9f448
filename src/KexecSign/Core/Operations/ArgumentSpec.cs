namespace KexecSign.Core.Operations;

/// <summary>A positional argument of an operation.</summary>
/// <param name="Name">Name in help texts, upper case, for instance <c>FILE</c>.</param>
/// <param name="Description">One sentence for people.</param>
/// <param name="Required">Whether at least one value is needed.</param>
/// <param name="Repeatable">Whether more than one value may be given.</param>
public abstract record ArgumentSpec(string Name, string Description, bool Required, bool Repeatable)
{
    /// <summary>Whether it stands behind <c>--</c>: a command whose own options are not this program's.</summary>
    public bool BehindDashes { get; init; }

    /// <summary>What the value is.</summary>
    public OptionKind Kind => OptionKinds.OfValue(Name);

    /// <summary>The options record with one value put in.</summary>
    public abstract object Apply(object options, string value);
}

/// <summary>An argument that fills a field of <typeparamref name="TOptions"/>.</summary>
public sealed record ArgumentSpec<TOptions> : ArgumentSpec
    where TOptions : class
{
    private readonly Func<TOptions, string, TOptions> _apply;

    internal ArgumentSpec(
        string name, string description, Func<TOptions, string, TOptions> apply, bool required = true, bool repeatable = false)
        : base(name, description, required, repeatable) => _apply = apply;

    /// <inheritdoc/>
    public override object Apply(object options, string value) => _apply((TOptions)options, value);
}
