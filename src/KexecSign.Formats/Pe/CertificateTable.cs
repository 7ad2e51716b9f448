using System.Buffers.Binary;
using System.Collections.Immutable;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Pe;

/// <summary>
/// The certificate table of a PE image: WIN_CERTIFICATE entries behind the last section, each u32 dwLength, u16 revision
/// 0x0200, u16 type 2, PKCS#7 DER, zero padding to 8 bytes. The kernel reads the first entry only, and so does some
/// firmware, so the order of entries is policy.
/// </summary>
public static class CertificateTable
{
    private const int HeaderSize = CertificateEntry.HeaderSize;

    // The kernel reads signatures of 64 KiB at most; a table of more than a few of them is damage or an attack on memory.
    private const uint MaxSize = 16 << 20;

    /// <summary>Reads the entries of a signed image; empty for an unsigned one.</summary>
    /// <exception cref="KexecSignException">KS1501, KS1509.</exception>
    public static ImmutableArray<CertificateEntry> Read(PeImage image, Layout file)
    {
        if (!image.IsSigned)
            return [];
        PeDirectory table = image.CertificateTable;
        if (table.Size > MaxSize)
            throw FormatErrors.CertificateTableTooLarge.With(table.Address, table.Size, MaxSize);
        return Parse(file.ReadBytes(table.Address, table.Size), table.Address);
    }

    /// <summary>Reads entries from the table's bytes.</summary>
    /// <param name="table">The whole table.</param>
    /// <param name="fileOffset">Where it lies in the file; only for messages and <see cref="CertificateEntry.Offset"/>.</param>
    public static ImmutableArray<CertificateEntry> Parse(ReadOnlyMemory<byte> table, long fileOffset)
    {
        var entries = ImmutableArray.CreateBuilder<CertificateEntry>();
        int at = 0;
        while (at < table.Length)
        {
            ReadOnlySpan<byte> rest = table.Span[at..];
            if (rest.Length < HeaderSize)
                throw FormatErrors.CertificateEntryLength.With(fileOffset + at, 0, rest.Length);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(rest);
            if (length < HeaderSize || length > rest.Length)
                throw FormatErrors.CertificateEntryLength.With(fileOffset + at, length, rest.Length);
            ReadOnlyMemory<byte> content = table.Slice(at + HeaderSize, (int)length - HeaderSize);
            int next = (int)Math.Min(Alignment.Up(at + (long)length, 8), table.Length);
            entries.Add(new CertificateEntry(
                fileOffset + at, length,
                BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]), BinaryPrimitives.ReadUInt16LittleEndian(rest[6..]), content)
            {
                Padding = table[(at + (int)length)..next],
            });
            at = next;
        }
        return entries.ToImmutable();
    }

    /// <summary>The bytes of a table with these entries, in this order.</summary>
    /// <param name="entries">What <see cref="CertificateEntry.Encode"/> gave, or entries of an existing table.</param>
    public static byte[] Encode(IReadOnlyList<byte[]> entries)
    {
        byte[] table = new byte[SizeOf(entries)];
        int at = 0;
        foreach (byte[] entry in entries)
        {
            entry.CopyTo(table, at);
            at += (int)Alignment.Up(entry.Length, 8);
        }
        return table;
    }

    /// <summary>Length of a table with these entries in bytes; each is followed by zeros up to a multiple of 8.</summary>
    public static int SizeOf(IReadOnlyList<byte[]> entries)
    {
        int size = 0;
        foreach (byte[] entry in entries)
            size = checked(size + (int)Alignment.Up(entry.Length, 8));
        return size;
    }

    /// <summary>The image without its certificate table and with a zero directory entry.</summary>
    /// <param name="image">Headers of the image.</param>
    /// <param name="file">The image.</param>
    /// <param name="trailing">Whether bytes between the last section and the table are let pass.</param>
    /// <exception cref="KexecSignException">KS1018 when bytes follow the table.</exception>
    public static Layout Strip(PeImage image, Layout file, bool trailing = false)
    {
        if (!image.IsSigned)
            return file;
        PeCanonical.Require(image, file, trailing);
        return file.Slice(0, image.BodyLength).Overwrite(image.CertificateDirectoryOffset, new byte[8]);
    }

    /// <summary>
    /// The image without some of its entries; the bytes of those that stay, padding included, are the same. When the last one
    /// goes, so do the up to 7 zeros that a signer puts between the last section and the table: what is left is the unsigned image.
    /// </summary>
    /// <param name="image">Headers of the image.</param>
    /// <param name="file">The image, canonical.</param>
    /// <param name="removed">Positions in the table, from 0.</param>
    /// <param name="trailing">Whether bytes between the last section and the table are let pass.</param>
    /// <exception cref="KexecSignException">KS1018 and others when it is not canonical, KS1510 when there is no such entry.</exception>
    public static Layout Remove(PeImage image, Layout file, IReadOnlySet<int> removed, bool trailing = false)
    {
        ImmutableArray<CertificateEntry> entries = Read(image, file);
        foreach (int index in removed)
        {
            if (index < 0 || index >= entries.Length)
                throw FormatErrors.NoSuchSignature.With(index, entries.Length);
        }
        if (removed.Count == entries.Length)
            return RemoveAll(image, file, trailing);
        PeCanonical.Require(image, file, trailing);
        Layout table = Layout.Empty;
        for (int i = 0; i < entries.Length; i++)
        {
            long end = i + 1 < entries.Length ? entries[i + 1].Offset : image.FileLength;
            if (!removed.Contains(i))
                table = table.Append(file.Slice(entries[i].Offset, end - entries[i].Offset));
        }
        return Attach(image, file.Slice(0, image.BodyLength), table.ReadBytes(0, table.Length));
    }

    /// <summary>The image without its certificate table, whatever that holds.</summary>
    /// <param name="image">Headers of the image.</param>
    /// <param name="file">The image.</param>
    /// <param name="trailing">Whether bytes between the last section and the table are let pass.</param>
    /// <exception cref="KexecSignException">KS1018 and others when the image is not canonical.</exception>
    public static Layout RemoveAll(PeImage image, Layout file, bool trailing = false)
    {
        Layout body = Strip(image, file, trailing);
        long end = PeCanonical.ContentEnd(image, file);
        return image.IsSigned && body.Length != end && body.Length == Alignment.Up(end, 8) ? body.Slice(0, end) : body;
    }

    /// <summary>The image with a new table behind <paramref name="body"/>.</summary>
    /// <param name="image">Headers of the body; the directory entry lies where they say.</param>
    /// <param name="body">The image without a table; its length is a multiple of 8.</param>
    /// <param name="table">What <see cref="Encode"/> gave.</param>
    public static Layout Attach(PeImage image, Layout body, ReadOnlyMemory<byte> table)
    {
        if (body.Length + table.Length > uint.MaxValue)
            throw FormatErrors.ImageTooLarge.With(body.Length + table.Length, uint.MaxValue);
        byte[] entry = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(4), (uint)table.Length);
        return body.Overwrite(image.CertificateDirectoryOffset, entry).Append(table);
    }
}
