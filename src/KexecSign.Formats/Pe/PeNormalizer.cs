using System.Buffers.Binary;
using System.Collections.Immutable;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Pe;

/// <summary>What was done to make an image canonical.</summary>
/// <param name="File">The canonical image.</param>
/// <param name="Changes">One sentence for each change, with the numbers.</param>
public sealed record NormalizedImage(Layout File, ImmutableArray<string> Changes);

/// <summary>
/// Makes an image canonical where that changes nothing that is loaded or run: no byte moves, zeros that belonged to nothing are
/// given to what stands before them, missing padding is added, the section table is sorted. What would need more is refused.
/// </summary>
public sealed class PeNormalizer
{
    private const int ChunkSize = 64 * 1024;

    private readonly ImmutableArray<string>.Builder _changes = ImmutableArray.CreateBuilder<string>();
    private readonly PeImage _image;
    private readonly List<(PeSection Section, byte[] Header)> _table = [];
    private readonly long[] _addresses;
    private Layout _file;
    private uint _sizeOfHeaders;

    private PeNormalizer(PeImage image, Layout file)
    {
        _image = image;
        _file = file;
        _sizeOfHeaders = image.SizeOfHeaders;
        for (int i = 0; i < image.Sections.Length; i++)
            _table.Add((image.Sections[i], file.ReadBytes(image.SectionTableOffset + i * PeConstants.SectionHeaderSize,
                PeConstants.SectionHeaderSize)));
        _addresses = [.. image.Sections.Select(s => (long)s.VirtualAddress).Distinct().Order()];
    }

    /// <summary>Normalises.</summary>
    /// <param name="file">The image.</param>
    /// <param name="dropSignatures">Whether signatures go; they cover the headers, and do not survive.</param>
    /// <exception cref="KexecSignException">KS1029 and the codes of <see cref="PeCanonical"/> when it cannot be done; KS1023 for a signed
    /// image.</exception>
    public static NormalizedImage Normalize(Layout file, bool dropSignatures)
    {
        PeImage image = PeReader.Read(file);
        if (!PeCanonical.Violations(image, file).Any())
            return new(file, []);
        if (image.IsSigned && !dropSignatures)
            throw FormatErrors.ImageIsSigned.With(image.CertificateTable.Size, image.CertificateTable.Address);
        (Layout unsigned, string? dropped) = WithoutSignatures(image, file);
        var normalizer = new PeNormalizer(PeReader.Read(unsigned), unsigned);
        if (dropped is not null)
            normalizer._changes.Add(dropped);
        normalizer.Run();
        PeCanonical.Require(PeReader.Read(normalizer._file), normalizer._file);
        return new(normalizer._file, normalizer._changes.ToImmutable());
    }

    private void Run()
    {
        Sort();
        List<int> filled = [.. Enumerable.Range(0, _table.Count).Where(i => _table[i].Section.SizeOfRawData != 0)];
        if (filled.Count > 0)
            CloseGapBehindHeaders(_table[filled[0]].Section);
        for (int n = 0; n < filled.Count; n++)
        {
            if (n + 1 < filled.Count)
                CloseGap(filled[n], _table[filled[n + 1]].Section);
            else
                PadLast(filled[n]);
        }
        WriteHeaders();
    }

    // Loaders want addresses to ascend; a table in file order that breaks that is worse than one in the wrong order.
    private void Sort()
    {
        var sorted = _table.Where(t => t.Section.SizeOfRawData != 0).OrderBy(t => t.Section.PointerToRawData).ToList();
        if (sorted.SequenceEqual(_table.Where(t => t.Section.SizeOfRawData != 0)))
            return;
        int next = 0;
        for (int i = 0; i < _table.Count; i++)
        {
            if (_table[i].Section.SizeOfRawData != 0)
                _table[i] = sorted[next++];
        }
        for (int i = 1; i < _table.Count; i++)
        {
            if (_table[i].Section.VirtualAddress < _table[i - 1].Section.VirtualAddress)
                throw FormatErrors.NotNormalizable.With($"in file order {_table[i].Section.Name} at RVA "
                    + $"0x{_table[i].Section.VirtualAddress:x} would stand behind {_table[i - 1].Section.Name} at "
                    + $"0x{_table[i - 1].Section.VirtualAddress:x}");
        }
        _changes.Add($"sorted the section table by file offset: {string.Join(' ', _table.Select(t => t.Section.Name))}");
    }

    private void CloseGapBehindHeaders(PeSection first)
    {
        if (first.PointerToRawData <= _sizeOfHeaders)
            return;
        uint lowest = _table.Min(t => t.Section.VirtualAddress);
        if (first.PointerToRawData > lowest)
            throw FormatErrors.NotNormalizable.With(
                $"headers up to 0x{first.PointerToRawData:x} would be loaded over a section at RVA 0x{lowest:x}");
        RequireZeros(_sizeOfHeaders, first.PointerToRawData);
        _changes.Add($"raised SizeOfHeaders from 0x{_sizeOfHeaders:x} to 0x{first.PointerToRawData:x}, where {first.Name} begins");
        _sizeOfHeaders = first.PointerToRawData;
    }

    private void CloseGap(int index, PeSection next)
    {
        PeSection section = _table[index].Section;
        if (next.PointerToRawData <= section.RawEnd)
            return;
        RequireZeros(section.RawEnd, next.PointerToRawData);
        Grow(index, next.PointerToRawData - section.PointerToRawData);
    }

    private void PadLast(int index)
    {
        PeSection section = _table[index].Section;
        long end = section.PointerToRawData + Alignment.Up(section.SizeOfRawData, _image.FileAlignment);
        if (section.RawEnd - _file.Length >= _image.FileAlignment)
            throw FormatErrors.SectionOutsideFile.With(section.Name, section.RawEnd, _file.Length);
        if (end > section.RawEnd && _file.Length > section.RawEnd)
            RequireZeros(section.RawEnd, Math.Min(end, _file.Length));
        if (end > _file.Length)
        {
            _changes.Add($"padded the file from 0x{_file.Length:x} to 0x{end:x}");
            _file = _file.PadTo(end);
        }
        if (end > section.RawEnd)
            Grow(index, (uint)(end - section.PointerToRawData));
    }

    private void Grow(int index, uint size)
    {
        PeSection section = _table[index].Section;
        // Some loaders refuse a raw size above the virtual one; zeros behind the data are what is there in memory anyway.
        PeSection grown = section with { SizeOfRawData = size, VirtualSize = Math.Max(section.VirtualSize, size) };
        int above = Array.BinarySearch(_addresses, section.VirtualAddress + 1L);
        above = above < 0 ? ~above : above;
        long limit = above < _addresses.Length ? _addresses[above] : Alignment.Up(_image.SizeOfImage, _image.SectionAlignment);
        if (grown.VirtualEnd > limit)
            throw FormatErrors.NotNormalizable.With(
                $"{section.Name} would grow from 0x{section.SizeOfRawData:x} to 0x{size:x} bytes and end at RVA 0x{grown.VirtualEnd:x}, "
                + $"above 0x{limit:x}");
        _table[index] = (grown, _table[index].Header);
        _changes.Add($"raised SizeOfRawData of {section.Name} from 0x{section.SizeOfRawData:x} to 0x{size:x}");
    }

    private void RequireZeros(long start, long end)
    {
        if (end > _file.Length)
            throw FormatErrors.NotNormalizable.With($"the file ends at 0x{_file.Length:x}, before 0x{end:x}");
        for (long at = start; at < end; at += ChunkSize)
        {
            byte[] part = _file.ReadBytes(at, Math.Min(ChunkSize, end - at));
            int used = part.AsSpan().IndexOfAnyExcept((byte)0);
            if (used >= 0)
                throw FormatErrors.NotNormalizable.With(
                    $"byte 0x{at + used:x} of the gap 0x{start:x}-0x{end:x} is 0x{part[used]:x}, and something may use it");
        }
    }

    private void WriteHeaders()
    {
        byte[] table = new byte[_table.Count * PeConstants.SectionHeaderSize];
        for (int i = 0; i < _table.Count; i++)
        {
            Span<byte> header = table.AsSpan(i * PeConstants.SectionHeaderSize, PeConstants.SectionHeaderSize);
            _table[i].Header.CopyTo(header);
            BinaryPrimitives.WriteUInt32LittleEndian(header[8..], _table[i].Section.VirtualSize);
            BinaryPrimitives.WriteUInt32LittleEndian(header[16..], _table[i].Section.SizeOfRawData);
        }
        if (table.Length > 0)
            _file = _file.Overwrite(_image.SectionTableOffset, table);
        _file = _file.OverwriteUInt32(_image.SizeOfHeadersOffset, _sizeOfHeaders);
    }

    private static (Layout File, string? Change) WithoutSignatures(PeImage image, Layout file)
    {
        if (!image.IsSigned)
            return (file, null);
        PeDirectory table = image.CertificateTable;
        Layout body = table.Address >= image.SectionsEnd ? file.Slice(0, table.Address) : file;
        return (body.Overwrite(image.CertificateDirectoryOffset, new byte[8]),
            $"dropped the certificate table, 0x{table.Size:x} bytes at 0x{table.Address:x}");
    }
}
