using System.Globalization;
using System.Text;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Cpio;

/// <summary>
/// Writes a cpio archive in the kernel's initramfs format "newc" (Documentation/driver-api/early-userspace/buffer-format.rst):
/// headers of "070701" and 13 numbers of 8 hex digits, names and data padded to 4 bytes. Owner is root and times are 0, so
/// that the same content gives the same bytes.
/// </summary>
public static class NewcArchive
{
    private const uint RegularFile = 0x8000;
    private const string Trailer = "TRAILER!!!";

    /// <summary>The archive of regular files.</summary>
    /// <param name="files">Path without a leading slash, permission bits, content below 4 GiB. Folders are not made: the paths must do
    /// without.</param>
    public static Layout Write(IEnumerable<(string Name, uint Mode, Layout Content)> files)
    {
        Layout archive = Layout.Empty;
        uint inode = 1;
        foreach ((string name, uint mode, Layout content) in files)
            archive = archive.Append(Header(inode++, RegularFile | mode, content.Length, name)).AlignTo(4).Append(content).AlignTo(4);
        return archive.Append(Header(0, 0, 0, Trailer)).AlignTo(4);
    }

    private static byte[] Header(uint inode, uint mode, long size, string name)
    {
        byte[] path = Encoding.UTF8.GetBytes(name + '\0');
        uint[] fields = [inode, mode, 0, 0, 1, 0, checked((uint)size), 0, 0, 0, 0, (uint)path.Length, 0];
        string numbers = string.Concat(fields.Select(f => f.ToString("X8", CultureInfo.InvariantCulture)));
        return [.. Encoding.ASCII.GetBytes("070701" + numbers), .. path];
    }
}
