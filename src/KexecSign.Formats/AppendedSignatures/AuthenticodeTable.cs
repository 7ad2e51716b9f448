using System.Buffers.Binary;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.AppendedSignatures;

/// <summary>Keeps appended signatures off images whose Authenticode signature they would break.</summary>
public static class AuthenticodeTable
{
    private const int CoffHeaderSize = 24;

    /// <summary>
    /// Refuses a PE whose certificate directory is in use. Read without the checks of <see cref="PeReader"/>: an image that
    /// is odd otherwise must not slip through.
    /// </summary>
    /// <exception cref="KexecSignException">KS1425.</exception>
    public static void RefuseIn(Layout file)
    {
        if (Read(file, 0, 2) != 0x5A4D || Read(file, PeConstants.PeOffsetField, 4) is not { } header || Read(file, header, 4) != 0x4550)
            return;
        long optional = header + CoffHeaderSize;
        int directories = Read(file, optional, 2) == 0x20B ? 112 : 96;
        long entry = optional + directories + PeConstants.CertificateDirectoryIndex * 8;
        if (Read(file, optional + directories - 4, 4) is not > PeConstants.CertificateDirectoryIndex)
            return;
        if (Read(file, entry + 4, 4) is > 0 and { } size)
            throw FormatErrors.AppendedToAuthenticode.With(Read(file, entry, 4), size);
    }

    private static long? Read(Layout file, long offset, int size)
    {
        if (offset > file.Length - size)
            return null;
        Span<byte> bytes = stackalloc byte[4];
        bytes.Clear();
        file.Read(offset, bytes[..size]);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }
}
