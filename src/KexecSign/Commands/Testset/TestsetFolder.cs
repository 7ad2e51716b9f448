using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Pictures;

namespace KexecSign.Commands.Testset;

/// <summary>
/// Writes a set: the few files that images are made from, the bytes that tell them apart, and recipes by which a shell script puts
/// them together. A hundred megabytes of nearly the same kernel take up the room of three.
/// </summary>
internal sealed class TestsetFolder(string folder, RunContext context)
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const string Bytes = "base/bytes";

    private readonly Dictionary<IByteSource, string> _bases = [];
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly StringBuilder _recipes = new();
    private readonly StringBuilder _sums = new();

    /// <summary>Bytes of all files written.</summary>
    public long Written { get; private set; }

    /// <summary>Adds a file that images are made from.</summary>
    public void AddBase(string name, Layout content)
    {
        string path = "base/" + name;
        Directory.CreateDirectory(Path.Combine(folder, "base"));
        Write(path, content);
        _bases.Add(((SourceExtent)content.Extents.Single()).Source, path);
    }

    /// <summary>Adds an image, as a recipe.</summary>
    public TestsetImage Add(TestsetCase image)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        TestsetImage written = image.Written(AddFile(image.File, image.Content));
        if (image.Xattr is { } value)
            AddFile(written.Xattr!, Layout.Of(value));
        return written;
    }

    /// <summary>Writes what belongs to the set as a whole.</summary>
    public void Finish(TestsetExpectations expected)
    {
        Write(Bytes, Layout.Of(_bytes.WrittenMemory));
        Write("recipes", _recipes.ToString());
        Write("SHA256SUMS", _sums.ToString());
        Write("expected.json", Layout.Of(ReportDocument.Of(expected, TestsetJson.Default.TestsetExpectations)));
        Write("expected.tsv", TestsetTexts.Table(expected.Images));
        Write("README.md", TestsetTexts.Readme(expected.Images));
        Write("matrix.html", HtmlPage.Of(TestsetPicture.Of(expected.Images)));
        Write("matrix.md", MarkdownPage.Of(TestsetPicture.Of(expected.Images)));
        Write("unpack.sh", TestsetTexts.Unpack);
        Write("run.sh", TestsetTexts.Run);
        foreach (string script in (string[])["unpack.sh", "run.sh"])
            File.SetUnixFileMode(Path.Combine(folder, script), Executable);
    }

    private string AddFile(string path, Layout content)
    {
        string sha256 = Convert.ToHexStringLower(TestsetWorkshop.Hash(content, HashAlgorithmName.SHA256));
        _recipes.Append($"file {path}\n");
        foreach (Extent extent in content.Extents)
            _recipes.Append(Line(extent)).Append('\n');
        _sums.Append($"{sha256}  {path}\n");
        return sha256;
    }

    private string Line(Extent extent)
    {
        switch (extent)
        {
            case ZeroExtent:
                return $"zeros {extent.Length}";
            case SourceExtent part:
                return $"copy {_bases[part.Source]} {part.Offset} {part.Length}";
            default:
                int at = _bytes.WrittenCount;
                _bytes.Write(((BytesExtent)extent).Bytes.Span);
                return $"copy {Bytes} {at} {extent.Length}";
        }
    }

    private void Write(string name, string text) => Write(name, Layout.Of(Encoding.UTF8.GetBytes(text)));

    private void Write(string name, Layout content) => Written += WrittenFile.Write(content, Path.Combine(folder, name), [], context).Size;
}
