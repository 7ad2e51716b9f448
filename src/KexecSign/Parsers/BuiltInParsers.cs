using System.Collections.Immutable;
using KexecSign.Files;
using KexecSign.Formats.Layouts;

namespace KexecSign.Parsers;

/// <summary>The parsers that come with the program, as sources inside it.</summary>
internal static class BuiltInParsers
{
    private static readonly ImmutableArray<string> Headers = ["bpf.h", "skeleton.h", "kexec.h", "image.h", "container.h"];

    /// <summary>Their names.</summary>
    public static ImmutableArray<string> Names { get; } = ["zboot", "uki"];

    /// <summary>The source file of one of them.</summary>
    public static string SourceOf(string name) => name + ".bpf.c";

    /// <summary>Puts the headers, and a parser's source when one is named, into a folder.</summary>
    public static void Write(WorkFolder folder, string? name, CancellationToken cancellation)
    {
        foreach (string file in name is null ? Headers : Headers.Add(SourceOf(name)))
            folder.Put(file, Layout.Of(Read(file)), cancellation);
    }

    private static byte[] Read(string file)
    {
        using Stream source = typeof(BuiltInParsers).Assembly.GetManifestResourceStream("parsers/" + file)!;
        byte[] bytes = new byte[source.Length];
        source.ReadExactly(bytes);
        return bytes;
    }
}
