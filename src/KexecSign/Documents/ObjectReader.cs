using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;

namespace KexecSign.Documents;

/// <summary>
/// Takes the properties of an object one by one and refuses, with line and column, what has another kind, is missing, or was
/// not asked for: a mistyped name must not be a rule that silently does not hold.
/// </summary>
internal sealed class ObjectReader
{
    private readonly PlacedValue _value;
    private readonly string _what;
    private readonly HashSet<string> _known = ["$schema"];

    /// <summary>Begins with an object.</summary>
    /// <param name="value">The value, which must be one.</param>
    /// <param name="what">What it describes, for messages: "the plan", "an image".</param>
    /// <exception cref="KexecSignException">KS3302.</exception>
    public ObjectReader(PlacedValue value, string what)
    {
        _value = Of(value, JsonValueKind.Object, what);
        _what = what;
    }

    /// <summary>Where the object stands.</summary>
    public (int Line, int Column) Place => (_value.Line, _value.Column);

    /// <summary>A property's value; null when it is not there.</summary>
    public PlacedValue? Get(string name)
    {
        _known.Add(name);
        return _value.Properties.FirstOrDefault(p => p.Name == name)?.Value;
    }

    /// <summary>A property that is there with a value of a kind.</summary>
    public PlacedValue? Get(string name, JsonValueKind kind) => Get(name) is { } value ? Of(value, kind, $"'{name}'") : null;

    /// <summary>Text that must not be empty.</summary>
    public string? Text(string name) => Get(name) is { } value ? TextOf(value, $"'{name}'") : null;

    /// <summary>Text that must be there.</summary>
    public string Required(string name) => Text(name) ?? throw Missing(name);

    /// <summary>One of a few words.</summary>
    public string? Choice(string name, params ReadOnlySpan<string> choices)
    {
        string? text = Text(name);
        if (text is null || choices.Contains(text))
            return text;
        throw Wrong(Get(name)!, $"'{name}' is '{text}', not one of {string.Join(", ", choices.ToArray())}");
    }

    /// <summary>A whole number.</summary>
    public int? Number(string name, int least, int most)
    {
        if (Get(name, JsonValueKind.Number) is not { } value)
            return null;
        return int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least
            && number <= most
            ? number
            : throw Wrong(value, $"'{name}' is {value.Text}, not a whole number from {least} to {most}");
    }

    /// <summary>True or false.</summary>
    public bool? Flag(string name) => Get(name) switch
    {
        null => null,
        { Kind: JsonValueKind.True } => true,
        { Kind: JsonValueKind.False } => false,
        var other => throw Wrong(other, $"'{name}' holds {other.KindName}, not true or false"),
    };

    /// <summary>A list; empty when it is not there.</summary>
    public ImmutableArray<PlacedValue> List(string name) => Get(name, JsonValueKind.Array)?.Items ?? [];

    /// <summary>A list of texts; empty when it is not there.</summary>
    public ImmutableArray<string> Texts(string name) => [.. List(name).Select(item => TextOf(item, $"an item of '{name}'"))];

    /// <summary>An object; null when it is not there.</summary>
    public ObjectReader? Object(string name) => Get(name) is { } value ? new(value, $"'{name}'") : null;

    /// <summary>Refuses properties that nothing asked for.</summary>
    /// <exception cref="KexecSignException">KS3303.</exception>
    public void End()
    {
        if (_value.Properties.FirstOrDefault(p => !_known.Contains(p.Name)) is { } stranger)
        {
            throw OperationErrors.DocumentName.With(_what, stranger.Name, string.Join(", ", _known.Order(StringComparer.Ordinal)))
                .At(stranger.Line, stranger.Column);
        }
    }

    /// <summary>An error at the object's place for a property that must be there.</summary>
    public KexecSignException Missing(string name) => Wrong(_value, $"{_what} lacks '{name}'");

    /// <summary>An error at a value's place.</summary>
    public static KexecSignException Wrong(PlacedValue value, string says) =>
        OperationErrors.DocumentWrong.With(says).At(value.Line, value.Column);

    /// <summary>The characters of a text that must not be empty.</summary>
    public static string TextOf(PlacedValue value, string what)
    {
        string text = Of(value, JsonValueKind.String, what).Text;
        return text.Length > 0 ? text : throw Wrong(value, $"{what} is empty");
    }

    private static PlacedValue Of(PlacedValue value, JsonValueKind kind, string what) => value.Kind == kind
        ? value
        : throw Wrong(value, $"{what} holds {value.KindName}, not {new PlacedValue(kind, "", 0, 0).KindName}");
}
