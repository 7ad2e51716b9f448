using System.Buffers.Binary;
using System.Collections.Immutable;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Pe;

/// <summary>An entry of the debug directory; offsets and sizes in bytes.</summary>
/// <param name="EntryOffset">File offset of the entry itself, 28 bytes.</param>
/// <param name="Type">2 CodeView, 20 extended DLL characteristics (the BTI word).</param>
/// <param name="Size">SizeOfData.</param>
/// <param name="Address">RVA of the record; 0 when it is not loaded.</param>
/// <param name="Pointer">File offset of the record.</param>
public sealed record DebugEntry(long EntryOffset, uint Type, uint Size, uint Address, uint Pointer)
{
    /// <summary>File offset behind the record.</summary>
    public long End => (long)Pointer + Size;
}

/// <summary>
/// The debug directory. Kernels built with BTI or CONFIG_DEBUG_EFI keep its entries inside a section and the records they
/// point to directly behind the section table (arch/arm64/kernel/efi-header.S, libstub/zboot-header.S).
/// </summary>
public static class DebugDirectory
{
    private const int EntrySize = 28;
    private const int MaxEntries = 64;

    /// <summary>Reads the entries; empty when there is no directory.</summary>
    /// <exception cref="KexecSignException">KS1028 when it does not lie in a section's file content.</exception>
    public static ImmutableArray<DebugEntry> Read(PeImage image, Layout file)
    {
        if (image.Directories.Length <= PeConstants.DebugDirectoryIndex)
            return [];
        PeDirectory directory = image.Directories[PeConstants.DebugDirectoryIndex];
        if (directory.Size == 0)
            return [];
        long? offset = image.Sections
            .Where(s => directory.Address >= s.VirtualAddress
                && (long)directory.Address + directory.Size <= (long)s.VirtualAddress + s.SizeOfRawData)
            .Select(s => (long?)(directory.Address - s.VirtualAddress + (long)s.PointerToRawData)).FirstOrDefault();
        if (offset is not { } start || directory.Size % EntrySize != 0 || directory.Size > MaxEntries * EntrySize
            || start + directory.Size > image.BodyLength)
            throw FormatErrors.DebugDirectoryMisplaced.With(directory.Address, directory.Size);
        byte[] table = file.ReadBytes(start, directory.Size);
        var entries = ImmutableArray.CreateBuilder<DebugEntry>();
        for (int at = 0; at < table.Length; at += EntrySize)
            entries.Add(new(start + at, U32(table, at + 12), U32(table, at + 16), U32(table, at + 20), U32(table, at + 24)));
        return entries.ToImmutable();
    }

    /// <summary>The file with a record moved and its entry changed to where it is now; the old place becomes zero.</summary>
    /// <param name="file">The file.</param>
    /// <param name="entry">The record's entry.</param>
    /// <param name="content">The record's bytes.</param>
    /// <param name="by">How far it moves towards the end.</param>
    internal static Layout Place(Layout file, DebugEntry entry, byte[] content, int by)
    {
        Layout placed = file.Overwrite((long)entry.Pointer + by, content)
            .OverwriteUInt32(entry.EntryOffset + 24, (uint)(entry.Pointer + by));
        // In the headers an RVA is the same as a file offset.
        return entry.Address == entry.Pointer ? placed.OverwriteUInt32(entry.EntryOffset + 20, (uint)(entry.Address + by)) : placed;
    }

    private static uint U32(byte[] bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));
}
