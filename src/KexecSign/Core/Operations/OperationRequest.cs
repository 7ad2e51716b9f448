using System.Globalization;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;

namespace KexecSign.Core.Operations;

/// <summary>
/// An operation and the values given for it by name, as a command line or a build file gives them. Collects them into
/// the options record and refuses what the operation does not know, or cannot do without.
/// </summary>
public sealed class OperationRequest
{
    private readonly HashSet<string> _given = [];
    private readonly List<NamedValue> _named = [], _bare = [];
    private readonly GivenPaths _paths = new();
    private object _options;

    /// <summary>Begins with every default in place.</summary>
    public OperationRequest(Operation operation)
    {
        Operation = operation;
        _options = operation.DefaultOptions;
    }

    /// <summary>What is to be run.</summary>
    public Operation Operation { get; }

    /// <summary>The option that sends an output to standard output; null for none. Its report has to go elsewhere then.</summary>
    public string? ToStandardOutput { get; private set; }

    /// <summary>
    /// Gives an option a value; for a repeatable option, one more value. Raises KS3032 for a name it does not have, KS3037 for an empty
    /// value.
    /// </summary>
    /// <param name="name">The option's name without dashes.</param>
    /// <param name="value">The value as people type it; ignored for a flag.</param>
    public void Set(string name, string value)
    {
        OptionSpec spec = Option(name) ?? throw OperationErrors.OptionUnknown.With(Operation.Name, name,
            Spelling.Hint(name, Operation.Options.Select(option => option.Name)));
        if (!_given.Add(spec.Name) && !spec.Repeatable && spec.Value is not null)
            throw OperationErrors.OptionRepeated.With(Operation.Name, spec.Name);
        if (value.Length == 0 && spec.Value is not null)
            throw OperationErrors.ValueEmpty.With(Operation.Name, spec.Typed);
        if (spec.Value is not null && (value is "/dev/stdout" or "/dev/fd/1" or "/proc/self/fd/1"
            || (value == "-" && spec.Kind == OptionKind.PathOut)))
            ToStandardOutput = ToStandardOutput is { } other
                ? throw OperationErrors.StandardOutputTwice.With(other, spec.Typed)
                : spec.Typed;
        if (ConfiguredValues.IsName(spec, value))
            _named.Add(new(spec, value[1..]));
        else if (ConfiguredValues.IsProfile(spec))
            Profile = value;
        else
            Apply(spec, value);
        if (ConfiguredValues.MayBeBareName(spec, value))
            _bare.Add(new(spec, value));
    }

    /// <summary>Gives a positional argument a value; for a repeatable argument, one more value. Raises KS3037 for an empty one.</summary>
    /// <param name="spec">One of the operation's arguments.</param>
    /// <param name="value">The value.</param>
    public void Give(ArgumentSpec spec, string value)
    {
        if (!_given.Add(spec.Name) && !spec.Repeatable)
            throw OperationErrors.ArgumentRepeated.With(Operation.Name, spec.Name, value);
        if (value.Length == 0)
            throw OperationErrors.ValueEmpty.With(Operation.Name, spec.Name);
        _paths.Add(spec, value);
        _options = spec.Apply(_options, value);
    }

    /// <summary>
    /// Runs with what was given, and what the configuration says of it. Raises KS3010 when something required is missing.
    /// </summary>
    public OperationResult Run(RunContext context) => Operation.Run(Complete(context), context);

    /// <summary>The options record as the operation gets it.</summary>
    public object Complete(RunContext context)
    {
        ConfiguredValues.Fill(this, context);
        foreach (ArgumentSpec argument in Operation.Arguments)
        {
            if (argument.Required && !_given.Contains(argument.Name))
                throw OperationErrors.OptionMissing.With(Operation.Name, argument.BehindDashes ? "-- " + argument.Name : argument.Name);
        }
        foreach (OptionSpec option in Operation.Options)
        {
            if (option.Required && !_given.Contains(option.Name))
                throw OperationErrors.OptionMissing.With(Operation.Name,
                    string.Create(CultureInfo.InvariantCulture, $"{option.Typed} {option.Value}"));
        }
        _paths.Require();
        return _options;
    }

    /// <summary>Keys that were given by the names of a configuration.</summary>
    internal IReadOnlyList<NamedValue> Named => _named;

    /// <summary>References that may have been meant as such names: words, and no files.</summary>
    internal IReadOnlyList<NamedValue> Bare => _bare;

    /// <summary>The profile that was named; null for none.</summary>
    internal string? Profile { get; private set; }

    /// <summary>Whether an option or argument was given.</summary>
    internal bool IsGiven(string name) => _given.Contains(name);

    /// <summary>Puts a configured value in.</summary>
    internal void Put(OptionSpec spec, string value)
    {
        _given.Add(spec.Name);
        Apply(spec, value);
    }

    /// <summary>Puts the digest of a configured key in.</summary>
    internal void PutDigest(OptionSpec key, string digest) => _options = key.ApplyDigest(_options, digest);

    /// <summary>The option of a name; null when the operation has none.</summary>
    internal OptionSpec? Option(string name)
    {
        foreach (OptionSpec option in Operation.Options)
        {
            if (option.Name == name)
                return option;
        }
        return null;
    }

    private void Apply(OptionSpec spec, string value)
    {
        _paths.Add(spec, value);
        _options = spec.Apply(_options, value);
    }
}
