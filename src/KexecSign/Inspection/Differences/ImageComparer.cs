using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Parsers;

namespace KexecSign.Inspection.Differences;

/// <summary>
/// Compares two files, and what is in them, down through the levels: headers field by field, sections, the payload unpacked, the kernel in
/// a unified kernel image, signatures. Whatever is left over is told as bytes, so that two files that differ are never called the same.
/// </summary>
internal sealed class ImageComparer(RunContext context)
{
    // A kernel in a UKI, its payload, and what that may be taken for.
    private const int MostLevels = 4;

    private readonly ImmutableArray<FileDifference>.Builder _found = ImmutableArray.CreateBuilder<FileDifference>();

    /// <summary>What differs; empty for the same bytes.</summary>
    public static ImmutableArray<FileDifference> Compare(ComparedFile before, ComparedFile now, RunContext context)
    {
        if (before.Sha256 == now.Sha256)
            return [];
        var comparer = new ImageComparer(context);
        if (before.Image is { } old && now.Image is { } image)
            comparer.CompareImages(old, image, "", 0);
        // Where nothing that has a name differs, or nothing here is an image.
        if (comparer._found.Count == 0 && ByteComparison.Of(before.Bytes, now.Bytes, 0, context) is { } bytes)
            comparer.Add("", DifferenceKind.Bytes, "bytes", bytes, 0);
        return comparer._found.ToImmutable();
    }

    private void Compare(Layout before, Layout now, string level, int depth)
    {
        if (ByteComparison.Of(before, now, 0, context) is not { } bytes)
            return;
        int found = _found.Count;
        using ComparedImage? old = depth < MostLevels ? ComparedImage.Read(before, context) : null;
        using ComparedImage? image = old is null ? null : ComparedImage.Read(now, context);
        if (old is not null && image is not null)
            CompareImages(old, image, level, depth);
        if (_found.Count == found)
            Add(level, DifferenceKind.Bytes, "bytes", bytes, 0);
    }

    private void CompareImages(ComparedImage before, ComparedImage now, string level, int depth)
    {
        if (before.LinuxVersion != now.LinuxVersion)
            _found.Add(new(level, DifferenceKind.Version, "Linux version",
                $"{before.LinuxVersion ?? "none"} -> {now.LinuxVersion ?? "none"}"));
        CompareHeaders(before, now, level);
        foreach ((string name, int index) in before.Sections.Keys.Concat(now.Sections.Keys).Distinct())
        {
            string shown = index == 0 ? name : $"{name} ({index + 1})";
            if (!now.Sections.TryGetValue((name, index), out PeSection? section))
                _found.Add(new(level, DifferenceKind.Section, shown, "is not there any more"));
            else if (!before.Sections.TryGetValue((name, index), out PeSection? old))
                _found.Add(new(level, DifferenceKind.Section, shown,
                    $"is new: 0x{section.SizeOfRawData:x} bytes at 0x{section.PointerToRawData:x}")
                { Offset = section.PointerToRawData });
            else
                CompareSection(before, old, now, section, shown, level, depth);
        }
        if (before.Zboot is not null && now.Zboot is not null)
            ComparePayload(before, now, level, depth);
        CompareRest(before, now, level);
        foreach (FileDifference difference in SignatureDifferences.Of(before, now, level, context))
            _found.Add(difference);
    }

    private void CompareHeaders(ComparedImage before, ComparedImage now, string level)
    {
        foreach (HeaderField field in now.Fields)
        {
            HeaderField? old = before.Fields.FirstOrDefault(f => f.Name == field.Name);
            string value = field.Value(now.File);
            if (old?.Value(before.File) is var was && was != value)
            {
                _found.Add(new(level, DifferenceKind.HeaderField, field.Name, $"{was ?? "none"} -> {value}")
                {
                    Offset = field.Offset,
                    Because = field.Name == "CheckSum" ? "a sum over the whole file" : null,
                });
            }
        }
        foreach (HeaderField field in before.Fields.Where(f => now.Fields.All(other => other.Name != f.Name)))
            _found.Add(new(level, DifferenceKind.HeaderField, field.Name, $"{field.Value(before.File)} -> none"));
        if (ByteComparison.Of(before.UnnamedHeaders(), now.UnnamedHeaders(), 0, context) is { } bytes)
            Add(level, DifferenceKind.HeaderBytes, "other header bytes", bytes, 0);
    }

    private void CompareSection(ComparedImage before, PeSection old, ComparedImage now, PeSection section, string name, string level,
        int depth)
    {
        string[] header =
        [
            .. Changed("address", old.VirtualAddress, section.VirtualAddress),
            .. Changed("size in memory", old.VirtualSize, section.VirtualSize),
            .. Changed("offset", old.PointerToRawData, section.PointerToRawData),
            .. Changed("size", old.SizeOfRawData, section.SizeOfRawData),
            .. Changed("flags", old.Characteristics, section.Characteristics),
        ];
        if (header.Length > 0)
            _found.Add(new(level, DifferenceKind.Section, name, string.Join(", ", header)));
        if (before.ContentOf(old) is not { } oldContent || now.ContentOf(section) is not { } content)
            return;
        if (before.AroundPayload(old) is var (oldFront, oldBack, _) && now.AroundPayload(section) is var (front, back, behind))
        {
            // The stub was linked to a payload of one place and length.
            string? because = before.PayloadPlace != now.PayloadPlace ? "the stub holds place and length of the payload" : null;
            if (ByteComparison.Of(oldFront, front, section.PointerToRawData, context) is { } before0)
                Add(level, DifferenceKind.Section, name, before0, section.PointerToRawData, because);
            if (ByteComparison.Of(oldBack, back, behind, context) is { } behind0)
                Add(level, DifferenceKind.Section, $"{name} behind the payload", behind0, behind, because);
            return;
        }
        if (section.Name == UkiSections.Linux)
        {
            int found = _found.Count;
            Compare(UkiImage.ContentOf(old, before.File), UkiImage.ContentOf(section, now.File), Below(level, UkiSections.Linux),
                depth + 1);
            if (_found.Count > found)
                return;
        }
        if (ByteComparison.Of(oldContent, content, section.PointerToRawData, context) is not { } bytes)
            return;
        bool parser = section.Name == ParserSection.Name;
        Add(level, parser ? DifferenceKind.Parser : DifferenceKind.Section, name, bytes, section.PointerToRawData,
            parser ? $"ABI {Abi(before)} -> {Abi(now)}" : SectionText.Of(section.Name, oldContent, content));
    }

    private void ComparePayload(ComparedImage before, ComparedImage now, string level, int depth)
    {
        if (ByteComparison.Of(before.Payload(), now.Payload(), now.Zboot!.PayloadOffset, context) is not { } bytes)
            return;
        int place = _found.Count;
        string? because;
        try
        {
            Compare(before.Inside.Open(), now.Inside.Open(), Below(level, "payload"), depth + 1);
            because = _found.Count > place ? "the kernel in it differs" : "the kernel in it is the same, compressed in another way";
        }
        catch (KexecSignException broken)
        {
            because = $"it cannot be unpacked to look into it ({broken.Message})";
        }
        _found.Insert(place, new(level, DifferenceKind.Payload, "payload", bytes.Says)
        {
            Offset = now.Zboot.PayloadOffset + bytes.First,
            Bytes = bytes.Count,
            Because = because,
        });
    }

    // Gaps, padding, symbols and what stands behind everything.
    private void CompareRest(ComparedImage before, ComparedImage now, string level)
    {
        (string Name, long Offset, Layout Content)[] old = [.. before.Rest()], rest = [.. now.Rest()];
        for (int i = 0; i < Math.Max(old.Length, rest.Length); i++)
        {
            if (i >= rest.Length)
                _found.Add(new(level, DifferenceKind.Bytes, old[i].Name,
                    $"0x{old[i].Content.Length:x} bytes at 0x{old[i].Offset:x} are not there any more"));
            else if (i >= old.Length)
                _found.Add(new(level, DifferenceKind.Bytes, rest[i].Name,
                    $"0x{rest[i].Content.Length:x} bytes at 0x{rest[i].Offset:x} are new")
                { Offset = rest[i].Offset });
            else if (ByteComparison.Of(old[i].Content, rest[i].Content, rest[i].Offset, context) is { } bytes)
                Add(level, DifferenceKind.Bytes, rest[i].Name, bytes, rest[i].Offset);
        }
    }

    private static string Abi(ComparedImage image)
    {
        try
        {
            return ParserSeries.Name(ParserObject.Parse(ParserSection.Extract(image.Image, image.File)).Abi);
        }
        catch (KexecSignException)
        {
            return "unknown";
        }
    }

    private void Add(string level, DifferenceKind kind, string what, ByteComparison bytes, long place, string? because = null) =>
        _found.Add(new(level, kind, what, bytes.Says) { Offset = place + bytes.First, Bytes = bytes.Count, Because = because });

    private static IEnumerable<string> Changed(string name, uint before, uint now) =>
        before == now ? [] : [$"{name} 0x{before:x} -> 0x{now:x}"];

    private static string Below(string level, string name) => level.Length == 0 ? name : $"{level}, {name}";
}
