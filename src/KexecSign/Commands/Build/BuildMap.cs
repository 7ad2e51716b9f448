using System.Collections.Immutable;
using KexecSign.Formats.Zboot;
using KexecSign.Inspection.Parts;
using KexecSign.Parsers;
using KexecSign.Pictures;

namespace KexecSign.Commands.Build;

/// <summary>The map of a built image, from the numbers of its report: the image itself may be on another machine.</summary>
internal static class BuildMap
{
    private const string Signature = "signature";

    // The bytes that no hash covers are too few to be drawn; where they are only the headers say.
    private static MapCover Cover(string signer, long table, long size) =>
        new(Signature, signer, true, [(0, Math.Max(0, table))], [new(UncoveredRange.Table, table, size)]);

    /// <summary>The map; null where the report has no size.</summary>
    public static FileMap? Of(BuildResult built)
    {
        long size = built.Outer?.Size ?? (built.Outputs.IsDefaultOrEmpty ? 0 : built.Outputs[0].Size);
        if (size <= 0)
            return null;
        FilePart? payload = built.Zboot is not { } zboot ? null : new(
            PartKind.Payload, $"payload ({zboot.Compression})", zboot.PayloadOffset, zboot.PayloadSize
                + (PayloadFormat.All.Any(format => format.Word == zboot.Compression && format.HasOwnLength) ? 0 : 4));
        ImmutableArray<FilePart> parts = FileMap.Between(payload is null ? "image" : "headers, stub", size,
            ((FilePart?[])
            [
                payload,
                built.Parser is { } parser ? new(PartKind.Parser, ParserSection.Name, parser.SectionOffset, parser.SectionSize) : null,
                built.Outer is { } outer ? Table(outer.CertificateTableOffset, outer.CertificateTableSize) : null,
            ]).OfType<FilePart>());
        int place = payload is null ? -1 : parts.IndexOf(payload);
        return new(built.File, payload is null ? "signed as it stands" : "EFI zboot kernel (vmlinuz.efi)", size, parts)
        {
            Covers = built.Outer is { } signed ? [Cover(signed.Signer, signed.CertificateTableOffset, signed.CertificateTableSize)] : [],
            Inner = place < 0 ? null : Inner(built),
            InnerPart = place,
        };
    }

    private static FileMap? Inner(BuildResult built)
    {
        long size = built.Zboot!.ImageLength;
        if (size <= 0)
            return null;
        return new("payload", built.Inner is null ? "kernel Image" : "kernel Image, signed", size,
            FileMap.Between("kernel", size, built.Inner is { } inner
                ? [Table(inner.CertificateTableOffset, inner.CertificateTableSize)]
                : []))
        {
            Covers = built.Inner is { } signed ? [Cover(signed.Signer, signed.CertificateTableOffset, signed.CertificateTableSize)] : [],
            ImageSize = built.Inner?.RaisedImageSize ?? built.ImageSize,
        };
    }

    private static FilePart Table(long offset, long size) => new(PartKind.Certificates, "certificates", offset, size);
}
