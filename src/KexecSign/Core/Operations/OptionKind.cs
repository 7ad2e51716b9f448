using System.Collections.Immutable;

namespace KexecSign.Core.Operations;

/// <summary>
/// What the value of an option or argument is. Completion, the handling of paths in every face, and the MSBuild tasks follow from it.
/// </summary>
public enum OptionKind
{
    /// <summary>No value: the option is there or it is not.</summary>
    Flag,

    /// <summary>Words; nothing is done to them.</summary>
    Text,

    /// <summary>Words, or the content of a file whose path follows an <c>@</c>.</summary>
    TextOrFile,

    /// <summary>A number, perhaps with a unit.</summary>
    Number,

    /// <summary>One of the words that the option lists.</summary>
    Choice,

    /// <summary>A file, or a folder, that is read.</summary>
    PathIn,

    /// <summary>A file, or a folder, that is written.</summary>
    PathOut,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A key or certificate: a PKCS#11 URI or a path.</summary>
    KeyReference,

    /// <summary>A name, a colon and a file that is read.</summary>
    NamedPath,
}

/// <summary>Which kind of value a word in help texts stands for, where the option does not say.</summary>
internal static class OptionKinds
{
    /// <summary>The kind of an option: <c>-o</c> is always written, what has choices is one of them, what has no value is a flag.</summary>
    public static OptionKind Of(string name, string? value, ImmutableArray<string> choices)
    {
        if (value is null)
            return OptionKind.Flag;
        if (name == "o")
            return value is "DIR" or "FOLDER" ? OptionKind.Folder : OptionKind.PathOut;
        return choices.IsDefaultOrEmpty ? OfValue(value) : OptionKind.Choice;
    }

    /// <summary>The kind of what a word in capitals stands for.</summary>
    public static OptionKind OfValue(string value) => value switch
    {
        "FILE" or "LIST" or "PATH" or "IMAGE" or "TEMPLATE" or "PLAN" or "BUNDLE" or "REPORT" or "PROVENANCE" => OptionKind.PathIn,
        "DIR" or "FOLDER" => OptionKind.Folder,
        "CERT" or "KEY" => OptionKind.KeyReference,
        "TEXT|@FILE" => OptionKind.TextOrFile,
        "NAME:FILE" => OptionKind.NamedPath,
        "N" or "SECONDS" or "BYTES" => OptionKind.Number,
        _ => OptionKind.Text,
    };
}
