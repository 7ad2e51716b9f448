using System.Buffers.Binary;
using System.Collections.Immutable;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Uefi;

/// <summary>
/// What shim was built with, in its section <c>.vendor_cert</c> (shim's cert.S and <c>struct cert_table</c>): u32 sizes of what is trusted
/// and of what is revoked, u32 offsets of both from the section's start. Trusted is one X.509 certificate, or signature lists where shim
/// was built with VENDOR_DB_FILE; revoked are signature lists.
/// </summary>
/// <param name="Trusted">Certificates, DER.</param>
/// <param name="TrustedDigests">How many entries of the trusted lists are no certificates.</param>
/// <param name="Revoked">How many entries the revoked lists have.</param>
public sealed record VendorCertificates(ImmutableArray<ReadOnlyMemory<byte>> Trusted, int TrustedDigests, int Revoked)
{
    /// <summary>The section's name, which a section table holds as <c>/N</c>.</summary>
    public const string SectionName = ".vendor_cert";

    private const int HeaderSize = 16, DerSequence = 0x30;

    /// <summary>Reads a section's content.</summary>
    /// <exception cref="KexecSignException">KS4720 when sizes and offsets lead out of it, KS16xx for lists that cannot be read.</exception>
    public static VendorCertificates Read(ReadOnlyMemory<byte> section)
    {
        ReadOnlyMemory<byte> trusted = Part(section, 0, "trusted"), revoked = Part(section, 1, "revoked");
        int denied = revoked.IsEmpty ? 0 : SignatureList.ReadAll(revoked).Sum(list => list.Entries.Length);
        if (trusted.IsEmpty)
            return new([], 0, denied);
        if (trusted.Span[0] == DerSequence)
            return new([trusted], 0, denied);
        ImmutableArray<SignatureList> lists = SignatureList.ReadAll(trusted);
        return new(
            [.. lists.Where(list => list.Type == EfiGuids.CertX509).SelectMany(list => list.Entries).Select(entry => entry.Data)],
            lists.Where(list => list.Type != EfiGuids.CertX509).Sum(list => list.Entries.Length), denied);
    }

    private static ReadOnlyMemory<byte> Part(ReadOnlyMemory<byte> section, int index, string what)
    {
        if (section.Length < HeaderSize)
            throw FormatErrors.VendorTable.With(what, HeaderSize, 0, section.Length);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(section.Span[(4 * index)..]),
            offset = BinaryPrimitives.ReadUInt32LittleEndian(section.Span[(8 + 4 * index)..]);
        if (size == 0)
            return default;
        return (long)offset + size <= section.Length
            ? section.Slice((int)offset, (int)size)
            : throw FormatErrors.VendorTable.With(what, size, offset, section.Length);
    }
}
