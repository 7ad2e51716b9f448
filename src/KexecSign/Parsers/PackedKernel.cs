using System.Security.Cryptography;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Images;
using KexecSign.Simulation.Bpf;
using KexecSign.Simulation.Errors;

namespace KexecSign.Parsers;

/// <summary>
/// The kernel that is packed in an image, found without its parser: a zboot's payload, a UKI's <c>.linux</c>, the payload of
/// a zboot in there, and the same in an envelope.
/// </summary>
internal static class PackedKernel
{
    private const int MaxDepth = 4;

    /// <summary>
    /// Holds what a parser gave against what is packed; null when they are the same, or when nothing is known to be packed.
    /// </summary>
    /// <exception cref="Formats.Errors.KexecSignException">The image cannot be unpacked.</exception>
    public static BpfFault? Compare(Layout image, ReadOnlyMemory<byte> given, RunContext context, out string? packedSha256) =>
        Compare(image, image.Length, given, context, 0, out packedSha256);

    private static BpfFault? Compare(Layout image, long least, ReadOnlyMemory<byte> given, RunContext context, int depth,
        out string? packedSha256)
    {
        packedSha256 = null;
        if (depth > MaxDepth)
            return null;
        var known = KnownImage.Of(image);
        if (known.Kind == ImageKind.Zboot)
        {
            ZbootHeader header = ZbootHeader.Read(PeReader.Read(image), image);
            using TemporaryFile unpacked = Decompressor.Payload(image, header, context);
            Layout kernel = Layout.Of(unpacked);
            return Differs(kernel, kernel.Length, given, context, out packedSha256);
        }
        if (Inner(image, known) is { } inner)
            return Compare(inner.Content, inner.Least, given, context, depth + 1, out packedSha256);
        return depth == 0 ? null : Differs(image, least, given, context, out packedSha256);
    }

    private static (Layout Content, long Least)? Inner(Layout image, KnownImage known)
    {
        if (known.Kind == ImageKind.Elf)
        {
            Elf64File elf = Elf64File.Parse(image.ReadBytes(0, image.Length));
            ElfSection? section = elf.Sections.FirstOrDefault(s => s.Name is ".kernel" or ".uki");
            if (section is null)
                return null;
            var content = Layout.Of(elf.Content(section));
            return (content, content.Length);
        }
        if (!known.IsPe)
            return null;
        PeSection? linux = PeReader.Read(image).FindSection(".linux");
        return linux is null ? null : (image.Slice(linux.PointerToRawData, linux.SizeOfRawData),
            Math.Min(linux.VirtualSize, linux.SizeOfRawData));
    }

    // A section's content ends anywhere between VirtualSize and the end of its padding; parsers differ in which they take.
    private static BpfFault? Differs(Layout packed, long least, ReadOnlyMemory<byte> given, RunContext context, out string? packedSha256)
    {
        Layout wanted = given.Length >= least && given.Length <= packed.Length ? packed.Slice(0, given.Length) : packed;
        packedSha256 = Convert.ToHexStringLower(LayoutPass.Hash(wanted, HashAlgorithmName.SHA256, context));
        string found = Convert.ToHexStringLower(SHA256.HashData(given.Span));
        return found == packedSha256 ? null : BpfFault.Of(BpfRules.OtherKernel, given.Length, found, wanted.Length, packedSha256);
    }
}
