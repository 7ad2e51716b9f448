using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Uefi;

/// <summary>An EFI_SIGNATURE_DATA.</summary>
/// <param name="Owner">Who put it there; of no meaning to the firmware.</param>
/// <param name="Data">A DER certificate or a digest.</param>
public sealed record SignatureEntry(Guid Owner, ReadOnlyMemory<byte> Data);

/// <summary>
/// An EFI_SIGNATURE_LIST: entries of one type and one size, little-endian (UEFI 32.4.1). The values of PK, KEK, db and dbx
/// are such lists one behind the other. Certificates differ in size, hence one list for each.
/// </summary>
/// <param name="Type">What the entries are, see <see cref="EfiGuids"/>.</param>
/// <param name="Entries">The entries; all data of the same length.</param>
public sealed record SignatureList(Guid Type, ImmutableArray<SignatureEntry> Entries)
{
    private const int HeaderSize = 28;
    private const int OwnerSize = 16;
    private const int Sha256Size = 32;

    /// <summary>A list of one certificate.</summary>
    public static SignatureList Of(X509Certificate2 certificate, Guid owner) =>
        new(EfiGuids.CertX509, [new(owner, certificate.RawData)]);

    /// <summary>A list of SHA-256 digests; for images these are Authenticode digests.</summary>
    /// <exception cref="KexecSignException">KS1607.</exception>
    public static SignatureList OfSha256(IEnumerable<ReadOnlyMemory<byte>> digests, Guid owner)
    {
        ImmutableArray<SignatureEntry> entries = [.. digests.Select(d => new SignatureEntry(owner, d))];
        foreach (SignatureEntry entry in entries)
        {
            if (entry.Data.Length != Sha256Size)
                throw FormatErrors.NotSha256.With(entry.Data.Length);
        }
        return new(EfiGuids.CertSha256, entries);
    }

    /// <summary>Reads the lists of a variable's value.</summary>
    /// <exception cref="KexecSignException">KS1606.</exception>
    public static ImmutableArray<SignatureList> ReadAll(ReadOnlyMemory<byte> value)
    {
        var lists = ImmutableArray.CreateBuilder<SignatureList>();
        for (int at = 0; at < value.Length;)
        {
            lists.Add(Read(value[at..], at, out int size));
            at += size;
        }
        return lists.DrainToImmutable();
    }

    /// <summary>
    /// Reads the lists of a file in any form that people have: the value alone, a signed update (<c>.auth</c>, <c>dbxupdate_x64.bin</c>),
    /// whose signature is not looked at, or a file of efivarfs.
    /// </summary>
    /// <exception cref="KexecSignException">KS1606, KS1608.</exception>
    public static ImmutableArray<SignatureList> ReadFile(ReadOnlyMemory<byte> file)
    {
        ReadOnlySpan<byte> head = file.Span;
        // EFI_VARIABLE_AUTHENTICATION_2: EFI_TIME, then WIN_CERTIFICATE_UEFI_GUID of dwLength bytes.
        if (head.Length >= 40 && BinaryPrimitives.ReadUInt16LittleEndian(head[20..]) == 0x0200
            && BinaryPrimitives.ReadUInt16LittleEndian(head[22..]) == 0x0EF1
            && new Guid(head.Slice(24, 16)) == EfiGuids.CertTypePkcs7)
        {
            long from = 16 + (long)BinaryPrimitives.ReadUInt32LittleEndian(head[16..]);
            return from >= 40 && from <= file.Length
                ? ReadAll(file[(int)from..])
                : throw FormatErrors.BrokenSignatureList.With(16,
                    $"the update's signature ends at 0x{from:x}, the file at 0x{file.Length:x}");
        }
        // efivarfs: four bytes of attributes, of which no GUID of a list's type has the value.
        bool hasAttributes = head.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(head) is not 0 and <= 0xFF;
        ReadOnlyMemory<byte> value = hasAttributes ? file[4..] : file;
        try
        {
            return ReadAll(value);
        }
        catch (KexecSignException refused) when (!BeginsLikeList(value.Span))
        {
            throw FormatErrors.NotSignatureList.Because(refused, Convert.ToHexString(head[..Math.Min(16, head.Length)]));
        }
    }

    private static bool BeginsLikeList(ReadOnlySpan<byte> value) =>
        value.Length >= 16 && EfiGuids.ListTypes.Contains(new Guid(value[..16]));

    /// <summary>The lists one behind the other, as a variable's value.</summary>
    public static byte[] EncodeAll(IEnumerable<SignatureList> lists) => [.. lists.SelectMany(l => l.Encode())];

    /// <summary>The bytes of this list.</summary>
    public byte[] Encode()
    {
        int entrySize = OwnerSize + Entries[0].Data.Length;
        byte[] bytes = new byte[checked(HeaderSize + entrySize * Entries.Length)];
        Type.TryWriteBytes(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), (uint)bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(24), (uint)entrySize);
        Span<byte> rest = bytes.AsSpan(HeaderSize);
        foreach (SignatureEntry entry in Entries)
        {
            entry.Owner.TryWriteBytes(rest);
            entry.Data.Span.CopyTo(rest[OwnerSize..entrySize]);
            rest = rest[entrySize..];
        }
        return bytes;
    }

    private static SignatureList Read(ReadOnlyMemory<byte> rest, int at, out int size)
    {
        if (rest.Length < HeaderSize)
            throw FormatErrors.BrokenSignatureList.With(at, $"its header needs 0x{HeaderSize:x} bytes, 0x{rest.Length:x} are left");
        ReadOnlySpan<byte> header = rest.Span;
        uint listSize = BinaryPrimitives.ReadUInt32LittleEndian(header[16..]);
        uint typeHeader = BinaryPrimitives.ReadUInt32LittleEndian(header[20..]);
        uint entrySize = BinaryPrimitives.ReadUInt32LittleEndian(header[24..]);
        long entries = (long)listSize - HeaderSize - typeHeader;
        if (listSize > rest.Length || entrySize <= OwnerSize || entries <= 0 || entries % entrySize != 0)
            throw FormatErrors.BrokenSignatureList.With(at,
                $"list 0x{listSize:x}, type header 0x{typeHeader:x} and entries 0x{entrySize:x} with 0x{rest.Length:x} left do not go "
                + $"together");
        size = (int)listSize;
        var found = ImmutableArray.CreateBuilder<SignatureEntry>();
        for (int from = HeaderSize + (int)typeHeader; from < size; from += (int)entrySize)
            found.Add(new(new Guid(header.Slice(from, OwnerSize)), rest.Slice(from + OwnerSize, (int)entrySize - OwnerSize)));
        return new(new Guid(header[..16]), found.DrainToImmutable());
    }
}
