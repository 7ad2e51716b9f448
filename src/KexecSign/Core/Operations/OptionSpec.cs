using System.Collections.Immutable;
using KexecSign.Core.Settings;

namespace KexecSign.Core.Operations;

/// <summary>
/// An option of an operation: one name, one default, one description, used by the command line, the MSBuild tasks, the
/// Cake settings, the help, the man page and the schema alike.
/// </summary>
/// <param name="Name">Long name without dashes, for instance <c>pin-env</c>; <c>o</c> and other single letters get one dash.</param>
/// <param name="Value">What stands for the value in help texts, for instance <c>FILE</c>; null for a flag.</param>
/// <param name="Description">One sentence for people.</param>
/// <param name="Default">The default as people would type it; null when the option is simply absent.</param>
/// <param name="Required">Whether the operation refuses to run without it.</param>
/// <param name="Repeatable">Whether it may be given several times.</param>
/// <param name="Choices">The allowed values; empty when any value may be given.</param>
/// <param name="Kind">What the value is.</param>
public abstract record OptionSpec(
    string Name, string? Value, string Description, string? Default, bool Required, bool Repeatable, ImmutableArray<string> Choices,
        OptionKind Kind)
{
    /// <summary>The option as one types it: two dashes, or one for a single letter.</summary>
    public string Typed => (Name.Length == 1 ? "-" : "--") + Name;

    /// <summary>
    /// The other form in which it may be typed: one letter for the options that are typed most, a word for a letter; null for none.
    /// </summary>
    public string? OtherTyped => Name switch
    {
        "key" => "-k",
        "cert" => "-c",
        "o" => "--output",
        _ => null,
    };

    /// <summary>For whom the certificates are trusted that this option takes; empty when it takes none, or for another purpose.</summary>
    public ImmutableArray<TrustRole> Trusts { get; init; } = [];

    /// <summary>Whether it says, without a role, whom to trust or that nobody is: then nobody of the configuration is added.</summary>
    public bool SaysWhomToTrust { get; init; }

    /// <summary>The options record with this option's value put in.</summary>
    public abstract object Apply(object options, string value);

    /// <summary>
    /// The options record with the digest put in that the key of this option signs; unchanged where the digest is not free.
    /// </summary>
    internal abstract object ApplyDigest(object options, string digest);
}

/// <summary>An option that fills a field of <typeparamref name="TOptions"/>.</summary>
public sealed record OptionSpec<TOptions> : OptionSpec
    where TOptions : class
{
    private readonly Func<TOptions, string, TOptions> _apply;

    internal OptionSpec(
        string name, string? value, string description, Func<TOptions, string, TOptions> apply,
        string? defaultValue = null, bool required = false, bool repeatable = false, OptionKind? kind = null,
            params ImmutableArray<string> choices)
        : base(name, value, description, defaultValue, required, repeatable, choices, kind ?? OptionKinds.Of(name, value, choices)) =>
            _apply = apply;

    /// <summary>Puts in the digest that this option's key signs; null where it is not free.</summary>
    internal Func<TOptions, string, TOptions>? Digest { get; init; }

    /// <summary>What it means to documents and later runs; null where the operation has neither.</summary>
    internal OptionRole<TOptions>? Role { get; init; }

    /// <inheritdoc/>
    internal override object ApplyDigest(object options, string digest) => Digest?.Invoke((TOptions)options, digest) ?? options;

    /// <inheritdoc/>
    public override object Apply(object options, string value) => _apply((TOptions)options, value);
}
