using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using KexecSign.Core.Errors;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;

namespace KexecSign.Zboot;

/// <summary>
/// Whether what the linker is given are objects. GNU ld takes every file that is none for a link script, and a thin archive for a list
/// of files of this machine; both would put into the image what is not in the kit.
/// </summary>
internal static class KitObjects
{
    private const int MemberHeader = 60;

    // lld links what objects name here (SHT_LLVM_DEPENDENT_LIBRARIES).
    private const uint DependentLibraries = 0x6fff4c04;

    /// <summary>Raises KS3758 unless it is one relocatable ELF object for the machine.</summary>
    public static void RequireObject(ReadOnlyMemory<byte> content, string name, ushort elfMachine)
    {
        try
        {
            var elf = Elf64File.Parse(content);
            if (elf.Type != ElfHead.Relocatable || elf.Machine != elfMachine)
                throw OperationErrors.KitObject.With(name, $"an ELF file of type {elf.Type} for machine {elf.Machine}");
            if (elf.Sections.FirstOrDefault(s => s.Type == DependentLibraries) is { } section)
                throw OperationErrors.KitObject.With(name, $"an object that names libraries in {section.Name}");
        }
        catch (KexecSignException broken) when (broken.Code.Id.StartsWith("KS1", StringComparison.Ordinal))
        {
            throw OperationErrors.KitObject.Because(broken, name, $"no ELF object ({broken.Says})");
        }
    }

    /// <summary>Raises KS3758 unless it is an archive whose members are objects and lie in it, under plain names.</summary>
    public static void RequireArchive(ReadOnlyMemory<byte> content, string name, ushort elfMachine)
    {
        ReadOnlySpan<byte> bytes = content.Span;
        if (bytes.StartsWith("!<thin>\n"u8))
            throw OperationErrors.KitObject.With(name, "a thin archive, whose members are files elsewhere");
        if (!bytes.StartsWith("!<arch>\n"u8))
            throw OperationErrors.KitObject.With(name, "no archive");
        ReadOnlyMemory<byte> longNames = default;
        for (int at = 8; at < content.Length;)
        {
            bytes = content.Span;
            if (content.Length - at < MemberHeader || bytes[at + 58] != '`' || bytes[at + 59] != '\n')
                throw OperationErrors.KitObject.With(name, $"an archive without a member header at 0x{at:x}");
            string field = Encoding.Latin1.GetString(bytes.Slice(at, 16)).TrimEnd(' ');
            if (!int.TryParse(Encoding.Latin1.GetString(bytes.Slice(at + 48, 10)).TrimEnd(' '), NumberStyles.None,
                CultureInfo.InvariantCulture, out int size)
                || size > content.Length - at - MemberHeader)
                throw OperationErrors.KitObject.With(name, $"an archive whose member at 0x{at:x} does not lie in it");
            ReadOnlyMemory<byte> member = content.Slice(at + MemberHeader, size);
            if (field == "//")
                longNames = member;
            else if (field != "/")
                RequireMember(member, MemberName(field, longNames.Span, name), name, elfMachine);
            at += MemberHeader + size + size % 2;
        }
    }

    private static void RequireMember(ReadOnlyMemory<byte> member, string memberName, string archive, ushort elfMachine)
    {
        if (memberName.Length == 0 || memberName is "." or ".." || memberName.AsSpan().ContainsAny('/', '\0', '\\'))
            throw OperationErrors.KitObject.With(archive, $"an archive with a member named '{memberName}'");
        RequireObject(member, $"{archive}({memberName})", elfMachine);
    }

    private static string MemberName(string field, ReadOnlySpan<byte> longNames, string archive)
    {
        if (!field.StartsWith('/'))
            return field.TrimEnd('/');
        if (int.TryParse(field.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int offset) && offset < longNames.Length
            && longNames[offset..].IndexOf("/\n"u8) is >= 0 and int length)
            return Encoding.UTF8.GetString(longNames.Slice(offset, length));
        throw OperationErrors.KitObject.With(archive, $"an archive with the member name '{field}', which is in no table of names");
    }
}
