using System.Collections.Immutable;
using System.Text.Json;

namespace KexecSign.Documents;

/// <summary>A value of a JSON document that people write, and where it stands.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Text">A string's characters, a number's digits; empty for the others.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Column">Column in characters, from 1.</param>
internal sealed record PlacedValue(JsonValueKind Kind, string Text, int Line, int Column)
{
    /// <summary>An object's properties in their order.</summary>
    public ImmutableArray<PlacedProperty> Properties { get; init; } = [];

    /// <summary>An array's items.</summary>
    public ImmutableArray<PlacedValue> Items { get; init; } = [];

    /// <summary>The kind as people say it.</summary>
    public string KindName => Kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}

/// <summary>A property of an object.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Line">Line of the name, from 1.</param>
/// <param name="Column">Column of the name, from 1.</param>
/// <param name="Value">What it holds.</param>
internal sealed record PlacedProperty(string Name, int Line, int Column, PlacedValue Value);
