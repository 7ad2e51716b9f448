using System.Buffers.Binary;
using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Judging;

/// <summary>What the loaders of firmware and shim ask of an image's headers beside what every reader here does.</summary>
internal static class PeLoaders
{
    private const string FirmwareHeaders = "EDK2 BasePeCoff.c, PeCoffLoaderGetPeHeader()";
    private const string ShimHeaders = "shim pe-relocate.c, read_header()";
    private const string ShimSections = "shim pe-relocate.c, get_section_vma()";
    private const string ShimDigest = "shim pe.c, generate_hash()";

    private const int MaxDirectories = 16;
    private const int CharacteristicsField = 22;
    private const ushort RelocationsStripped = 1;
    private const uint Discardable = 0x02000000;
    private const uint Uninitialised = 0x00000080;

    /// <summary>Refuses what firmware does not load.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS4107, KS4146.</exception>
    public static void RequireForFirmware(PeImage image)
    {
        // Image.c, CoreLoadPeImage(): applications, drivers of boot services and of runtime, and those of SAL.
        if (image.Subsystem is < PeConstants.EfiApplication or > 13)
            throw VerifyErrors.NotEfiApplication.With(image.Subsystem);
        if (image.Directories.Length > MaxDirectories)
            throw Refused($"it has {image.Directories.Length} data directories, at most {MaxDirectories} are taken", FirmwareHeaders);
        if (image.SizeOfImage <= image.SectionTableOffset
            || (image.SizeOfImage - image.SectionTableOffset) / PeConstants.SectionHeaderSize <= image.Sections.Length)
            throw Refused($"SizeOfImage 0x{image.SizeOfImage:x} has no room for the section table", FirmwareHeaders);
        if (image.SizeOfHeaders <= image.SectionTableOffset || image.SizeOfHeaders >= image.SizeOfImage)
            throw Refused(
                $"SizeOfHeaders 0x{image.SizeOfHeaders:x} does not lie between the section table at 0x{image.SectionTableOffset:x} and "
                + $"SizeOfImage 0x{image.SizeOfImage:x}", FirmwareHeaders);
        foreach (PeSection section in image.Sections)
        {
            if (section.SizeOfRawData == 0)
                continue;
            if (section.VirtualAddress < image.SizeOfHeaders || section.PointerToRawData < image.SizeOfHeaders)
                throw Refused($"section '{section.Name}' begins inside the headers (address 0x{section.VirtualAddress:x}, file "
                    + $"0x{section.PointerToRawData:x}, headers 0x{image.SizeOfHeaders:x})", FirmwareHeaders);
            if (section.RawEnd > image.FileLength)
                throw Refused($"section '{section.Name}' ends at 0x{section.RawEnd:x}, the file at 0x{image.FileLength:x}",
                    FirmwareHeaders);
        }
    }

    /// <summary>Refuses what shim does not read.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS4146.</exception>
    public static void RequireForShim(PeImage image, Layout file)
    {
        ushort characteristics = BinaryPrimitives.ReadUInt16LittleEndian(file.ReadBytes(image.HeaderOffset + CharacteristicsField, 2));
        if (!image.IsPe32Plus)
            throw Refused("it is PE32, shims of 64-bit machines take PE32+", ShimHeaders);
        if (image.Directories.Length > MaxDirectories)
            throw Refused($"it has {image.Directories.Length} data directories, at most {MaxDirectories} are taken", ShimHeaders);
        if (image.SizeOfImage < image.SectionTableOffset
            || (image.SizeOfImage - image.SectionTableOffset) / PeConstants.SectionHeaderSize <= image.Sections.Length
            || image.SizeOfImage < image.SizeOfHeaders)
            throw Refused($"SizeOfImage 0x{image.SizeOfImage:x} has no room for headers and section table", ShimHeaders);
        if ((characteristics & RelocationsStripped) != 0)
            throw Refused("its Characteristics say that relocations were stripped", ShimHeaders);
        RequireSectionsForShim(image);
        RequireTableForShim(image);
    }

    private static void RequireSectionsForShim(PeImage image)
    {
        long left = image.FileLength - image.SizeOfHeaders;
        foreach (PeSection section in image.Sections)
        {
            long begin = section.VirtualAddress, end = unchecked(section.VirtualAddress + section.VirtualSize - 1);
            bool begins = begin < image.SizeOfImage, ends = end < image.SizeOfImage;
            if ((section.Characteristics & Discardable) == 0 && !(begins && ends))
                throw Refused($"section '{section.Name}' lies from 0x{begin:x} to 0x{end:x}, SizeOfImage is 0x{image.SizeOfImage:x}",
                    ShimSections);
            if ((section.Characteristics & Uninitialised) == 0
                && (section.VirtualAddress < image.SizeOfHeaders || section.PointerToRawData < image.SizeOfHeaders))
                throw Refused($"section '{section.Name}' begins inside the headers (address 0x{section.VirtualAddress:x}, file "
                    + $"0x{section.PointerToRawData:x}, headers 0x{image.SizeOfHeaders:x})", ShimSections);
            if ((ends ? end + 1 : 0) < (begins ? begin + 1 : 0))
                throw Refused($"section '{section.Name}' has a negative size", ShimSections);
            if (section.SizeOfRawData > left)
                throw Refused($"section '{section.Name}' has 0x{section.SizeOfRawData:x} bytes where 0x{left:x} are left of the file",
                    ShimDigest);
            left -= section.SizeOfRawData;
            if (section.SizeOfRawData != 0 && (section.PointerToRawData >= image.FileLength || section.RawEnd > image.FileLength))
                throw Refused($"section '{section.Name}' ends at 0x{section.RawEnd:x}, the file at 0x{image.FileLength:x}", ShimDigest);
        }
    }

    private static void RequireTableForShim(PeImage image)
    {
        PeDirectory table = image.CertificateTable;
        if (table.Address > image.FileLength || (table.Address == image.FileLength && table.Size != 0))
            throw Refused($"the certificate table begins at 0x{table.Address:x}, the file ends at 0x{image.FileLength:x}", ShimHeaders);
        if (table.Size == 0)
            return;
        long hashed = image.SizeOfHeaders;
        foreach (PeSection section in image.Sections)
            hashed += section.SizeOfRawData;
        if (image.FileLength > hashed && (image.FileLength - hashed < table.Size || image.FileLength - table.Size != table.Address))
            throw Refused(
                $"the certificate table of 0x{table.Size:x} bytes at 0x{table.Address:x} does not end with the file at "
                + $"0x{image.FileLength:x}", ShimDigest);
    }

    private static Formats.Errors.KexecSignException Refused(string why, string where) => VerifyErrors.NotLoaded.With(why, where);
}
