using System.Collections.Immutable;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Layouts;

namespace KexecSign.Ima;

/// <summary>
/// A list of signatures for packages that cannot carry attributes: a line for each file with the value in hex, as RPM's header has it
/// (RPMTAG_FILESIGNATURES), two blanks, and the path below the package's root. A value that begins with 05 is a portable EVM signature, for
/// security.evm; the file's line before it has the IMA value that it covers.
/// </summary>
internal static class ImaManifest
{
    private const long Longest = 256 << 20;
    private const string Gap = "  ";

    /// <summary>Where packages install manifests, as the snippet expects them.</summary>
    public const string Folder = "/usr/share/ima/";

    /// <summary>How their names end.</summary>
    public const string Extension = ".manifest";

    /// <summary>Writes a manifest.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3921 for a name that holds a line's end; KS3003.</exception>
    public static void Write(string path, IEnumerable<(string Name, string Value)> files, RunContext context)
    {
        var text = new StringBuilder();
        foreach ((string name, string value) in files)
        {
            if (name.Contains('\n', StringComparison.Ordinal))
                throw OperationErrors.ManifestName.With(name.Replace("\n", "\\n", StringComparison.Ordinal));
            text.Append(value).Append(Gap).Append(name).Append('\n');
        }
        WrittenFile.Write(Layout.Of(Encoding.UTF8.GetBytes(text.ToString())), path, [], context);
    }

    /// <summary>Reads a manifest. Paths that lead out of the root are refused.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3922.</exception>
    public static ImmutableArray<(string Name, byte[] Value)> Read(string path)
    {
        string[] lines = Encoding.UTF8.GetString(WholeFile.Read(path, Longest, "a manifest"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var files = ImmutableArray.CreateBuilder<(string, byte[])>(lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            int gap = lines[i].IndexOf(Gap, StringComparison.Ordinal);
            string name = gap < 0 ? "" : lines[i][(gap + Gap.Length)..];
            if (name.Length == 0 || name[0] == '/' || name.Split('/').Contains(".."))
                throw OperationErrors.ManifestLine.With(i + 1, "there is no value, two blanks and a path below the root").In(path);
            try
            {
                files.Add((name, Convert.FromHexString(lines[i].AsSpan(0, gap))));
            }
            catch (FormatException broken)
            {
                throw OperationErrors.ManifestLine.Because(broken, i + 1, "the value is not hex").In(path);
            }
        }
        return files.MoveToImmutable();
    }

    /// <summary>
    /// A snippet for a Debian package's postinst, which sets the attributes of the manifest that the package installs as
    /// /usr/share/ima/PACKAGE.manifest. Installation goes on where attributes cannot be set: the kernel's policy decides what that means.
    /// </summary>
    public static void WriteSnippet(string path, RunContext context) => WrittenFile.Write(Layout.Of(Encoding.UTF8.GetBytes("""
        # Sets security.ima on the files of this package. Needs setfattr: Depends: attr
        if [ "$1" = configure ]; then
            ima_manifest="${DPKG_ROOT:-}/usr/share/ima/$DPKG_MAINTSCRIPT_PACKAGE.manifest"
            ima_failed=0
            while IFS= read -r ima_line; do
                ima_file="${DPKG_ROOT:-}/${ima_line#*  }"
                [ -f "$ima_file" ] || continue
                ima_name="${IMA_NAMESPACE:-security}.ima"
                case "$ima_line" in 05*) ima_name="${IMA_NAMESPACE:-security}.evm" ;; esac
                setfattr -n "$ima_name" -v "0x${ima_line%%  *}" "$ima_file" || ima_failed=$((ima_failed + 1))
            done < "$ima_manifest"
            [ "$ima_failed" = 0 ] || echo "$DPKG_MAINTSCRIPT_PACKAGE: IMA signatures of $ima_failed files could not be set" >&2
        fi

        """)), path, [], context);
}
