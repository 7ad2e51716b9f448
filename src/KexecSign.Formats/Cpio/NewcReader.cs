using System.Collections.Immutable;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Cpio;

/// <summary>A member of a cpio archive.</summary>
/// <param name="Name">Its name, as it stands there: nothing to follow.</param>
/// <param name="IsFile">Whether it is a regular file; folders and all else have no content that matters.</param>
/// <param name="Content">Its bytes.</param>
public sealed record NewcMember(string Name, bool IsFile, Layout Content);

/// <summary>Reads cpio archives in the format "newc"; what <see cref="NewcArchive"/> writes, and GNU cpio with <c>-H newc</c>.</summary>
public static class NewcReader
{
    private const int MostMembers = 200_000;

    /// <summary>The members up to the trailer, in order.</summary>
    /// <exception cref="KexecSignException">KS1901.</exception>
    public static ImmutableArray<NewcMember> Read(Layout archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        var members = ImmutableArray.CreateBuilder<NewcMember>();
        long at = 0;
        while (true)
        {
            var header = NewcHeader.Read(Bytes(archive, at, NewcHeader.Length, "a header is cut"), at);
            if (NewcHeader.Name(Bytes(archive, at + NewcHeader.Length, header.NameSize, "a name is cut"), at) is not { } name)
                return members.ToImmutable();
            if (members.Count == MostMembers)
                throw FormatErrors.CpioBroken.With(at, $"it has more than {MostMembers} members");
            long content = Alignment.Up(at + NewcHeader.Length + header.NameSize, 4);
            if (content + header.Size > archive.Length)
                throw FormatErrors.CpioBroken.With(content,
                    $"0x{header.Size:x} bytes of '{Shown(name)}' are promised and 0x{archive.Length:x} end it");
            members.Add(new(name, header.IsFile, archive.Slice(content, header.Size)));
            at = Alignment.Up(content + header.Size, 4);
        }
    }

    private static byte[] Bytes(Layout archive, long at, long count, string cut) => at + count <= archive.Length
        ? archive.ReadBytes(at, count)
        : throw FormatErrors.CpioBroken.With(at, cut);

    private static string Shown(string name) => name.Length < 80 ? name : name[..80];
}
