using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Images;

namespace KexecSign.Parsers;

/// <summary>Puts a parser object into the <c>.bpf</c> section of an unsigned image.</summary>
internal static class ParserEmbedding
{
    /// <summary>The image with the parser in it, and where it lies.</summary>
    public static (Layout Image, EmbeddedParser Parser) Embed(Layout image, string parserPath, RunContext context)
    {
        using FileSource source = FileSource.Open(parserPath);
        byte[] bytes;
        ParserObject parser;
        try
        {
            bytes = ParserSection.ReadAll(source.ToLayout());
            parser = ParserObject.Parse(bytes);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(parserPath);
        }
        if (parser.Abi == ParserAbi.Unknown)
            context.Log.Warning($"{parserPath}: {ParserSeries.NoHook}");
        RequireSeries(parser.Abi, image, parserPath);
        Layout edited = PeEditor.AddSection(image, ParserSection.Name, Layout.Of(bytes), PeConstants.DiscardableData);
        if (parser.CutsPayload)
            WarnOfCut(edited, context);
        PeSection section = PeReader.Read(edited).FindSection(ParserSection.Name)!;
        return (edited, new(
            section.PointerToRawData, section.SizeOfRawData, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)),
            parser.Abi, parser.Data.Length, parser.Instructions.Length));
    }

    // The kernel that runs this parser finds the image of .linux behind it, and runs that one's.
    private static void RequireSeries(ParserAbi abi, Layout image, string parserPath)
    {
        ParserAbi here = ParserSeries.Of(ParserCarrier.ImageSection);
        if (abi != ParserAbi.Unknown && (abi & here) == 0)
            throw OperationErrors.EmbeddedAbi.With(ParserSeries.Name(abi), ParserSeries.Name(here)).In(parserPath);
        if (EmbeddedParsers.Inner(PeReader.Read(image), image) is not { } inner)
            return;
        foreach ((_, ParserObject other) in EmbeddedParsers.In(inner.Image, inner.File))
        {
            if (other.Abi != abi && (other.Abi & abi & here) == 0)
                throw OperationErrors.NestedAbi.With(ParserSeries.Name(abi), ParserSeries.Name(other.Abi)).In(parserPath);
        }
    }

    // The parsers of the posted series take 4 bytes off the payload whatever its compression, and a zstd frame does not survive that.
    private static void WarnOfCut(Layout image, RunContext context)
    {
        if (KnownImage.Of(image).Kind == ImageKind.Zboot
            && ZbootHeader.Read(PeReader.Read(image), image).Format is { BreaksWhenCut: true } format)
            context.Log.Warning($"the payload is {format.Word}, and this parser cuts its last 4 bytes: the kernel will refuse the frame. "
                + $"Use the built-in parser ('kexecsign bpf compile --parser zboot') or gzip.");
    }
}
