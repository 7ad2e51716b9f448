using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uki;
using KexecSign.Parsers;

namespace KexecSign.Uki;

/// <summary>The files that go into an image, opened once and read when the image is written. What has a format is checked here.</summary>
internal sealed class UkiInputs(RunContext context) : IDisposable
{
    private const int MaxText = 64 * 1024, MaxPath = 4096;

    private readonly List<FileSource> _open = [];

    /// <summary>The sections that contents ask for, without .sbat and the public key, which depend on more than that.</summary>
    /// <exception cref="KexecSignException">KS3001, KS3002, KS3663-KS3665, KS1716-KS1719, KS13xx.</exception>
    public ImmutableArray<UkiPart> Parts(UkiContents contents)
    {
        var parts = ImmutableArray.CreateBuilder<UkiPart>();
        Add(".osrel", contents.OsRelease is { } release ? Layout.Of(OsRelease(release)) : null);
        Add(".cmdline", contents.CommandLine is { } line ? Layout.Of(CommandLine(line)) : null);
        Add(".initrd", Joined(contents.Initrds));
        Add(".ucode", Joined(contents.Microcode));
        Add(".splash", contents.Splash is { } splash
            ? Checked(splash, file => SplashBitmap.Read(file.ReadBytes(0, Math.Min(64, file.Length)), file.Length))
            : null);
        Add(".dtb", contents.DeviceTree is { } tree ? Tree(tree, ".dtb") : null);
        foreach (string automatic in contents.AutomaticDeviceTrees)
            Add(".dtbauto", Tree(automatic, ".dtbauto"));
        foreach (string firmware in contents.Firmware)
            Add(".efifw", Open(firmware));
        Add(".hwids", contents.HardwareIds.IsEmpty ? null : Layout.Of(Hardware(contents.HardwareIds)));
        Add(".uname", contents.Uname is { } uname ? Layout.Of(Encoding.UTF8.GetBytes(Trimmed(uname, ".uname"))) : null);
        Add(ParserSection.Name, contents.Parser is { } parser ? Parser(parser) : null);
        foreach (string section in contents.Sections)
            parts.Add(Further(section));
        return parts.ToImmutable();

        void Add(string name, Layout? content)
        {
            if (content is not null)
                parts.Add(new(name, content));
        }
    }

    /// <summary>Opens a file for reading; it stays open until the image is written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="replaceable">Whether the run may write it anew.</param>
    public Layout Open(string path, bool replaceable = false)
    {
        FileSource source = replaceable ? FileSource.OpenReplaceable(path) : FileSource.Open(path);
        _open.Add(source);
        return source.ToLayout();
    }

    /// <summary>A text, or that of the file behind an @.</summary>
    /// <exception cref="KexecSignException">KS3663, KS1719 when there is a NUL in it, KS3002 when it is not UTF-8.</exception>
    public byte[] Text(string value, string section)
    {
        byte[] bytes;
        if (value == "@")
            throw OperationErrors.InputMissing.With().In($"@ (for {section})");
        if (value.StartsWith('@'))
        {
            Layout file = Open(value[1..]);
            bytes = file.Length <= MaxText
                ? file.ReadBytes(0, file.Length)
                : throw OperationErrors.UkiTextTooLong.With(section, file.Length, MaxText).In(value[1..]);
        }
        else
        {
            if (value.Length < MaxPath && !value.Contains('\n', StringComparison.Ordinal) && File.Exists(value))
                context.Log.Warning(
                    $"{section} gets the text '{value}' as it stands, though a file of that name is there; '@{value}' puts in what the "
                    + $"file holds");
            bytes = Encoding.UTF8.GetBytes(value);
            if (bytes.Length > MaxText)
                throw OperationErrors.UkiTextTooLong.With(section, bytes.Length, MaxText);
        }
        int nul = bytes.AsSpan().IndexOf((byte)0);
        if (nul >= 0)
            throw FormatErrors.UkiText.With(section, 0, nul);
        // Decoded leniently it would become another text, and that would be signed. What is no file was made here and is UTF-8.
        int fault = NotUtf8(bytes);
        return fault < 0
            ? bytes
            : throw OperationErrors.InputUnreadable.With($"for {section} it must be UTF-8, and the byte 0x{bytes[fault]:x2} at "
                + $"0x{fault:x} is not").In(value[1..]);
    }

    /// <summary>Offset of the first byte that is not UTF-8; -1 when all are.</summary>
    public static int NotUtf8(ReadOnlySpan<byte> text)
    {
        for (int at = 0; at < text.Length;)
        {
            if (Rune.DecodeFromUtf8(text[at..], out _, out int length) != OperationStatus.Done)
                return at;
            at += length;
        }
        return -1;
    }

    // The path alone, without its '@', is a text too: boot menus would not list the image and nobody would know why.
    private byte[] OsRelease(string value)
    {
        byte[] text = Text(value, ".osrel");
        string[] lines = Encoding.UTF8.GetString(text).Split('\n');
        return Array.Exists(lines, line => line.Length > 0 && (char.IsAsciiLetter(line[0]) || line[0] == '_')
            && line.Contains('=', StringComparison.Ordinal))
            ? text : throw OperationErrors.OsReleaseText.With(value);
    }

    /// <summary>A text of one line without blanks around it.</summary>
    public string Trimmed(string value, string section)
    {
        string text = Encoding.UTF8.GetString(Text(value, section)).Trim();
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]))
                throw FormatErrors.UkiText.With(section, (int)text[i], i);
        }
        return text;
    }

    /// <summary>A public key in PEM, and its DER.</summary>
    /// <exception cref="KexecSignException">KS3664, KS3677.</exception>
    public (byte[] Pem, byte[] Der) PublicKey(string path)
    {
        byte[] pem = Whole(path, UkiSections.PcrKey, MaxText);
        return (pem, PcrPublicKey.Der(pem) is { } der && PcrPublicKey.Fingerprint(der).Length > 0
            ? der
            : throw OperationErrors.PcrKeyUnreadable.With().In(path));
    }

    /// <summary>Signatures of policies in JSON.</summary>
    /// <exception cref="KexecSignException">KS1720, KS3664.</exception>
    public ImmutableArray<PcrSignature> Signatures(string path)
    {
        byte[] text = Whole(path, UkiSections.PcrSignatures, PcrSignatures.MaxLength);
        try
        {
            return PcrSignatures.Read(text);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _open.ForEach(source => source.Dispose());

    // Each of several begins on a multiple of 4, where the kernel looks for it, and the whole ends on one, as ukify has it.
    private Layout? Joined(ImmutableArray<string> paths)
    {
        if (paths.IsEmpty)
            return null;
        Layout joined = Layout.Empty;
        foreach (string path in paths)
            joined = joined.AlignTo(4).Append(Open(path));
        return paths.Length == 1 ? joined : joined.AlignTo(4);
    }

    private byte[] CommandLine(string value)
    {
        string text = Encoding.UTF8.GetString(Text(value, ".cmdline")).Replace('\n', ' ').Replace('\r', ' ').Trim();
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsControl(text[i]) && text[i] != '\t')
                throw FormatErrors.UkiText.With(".cmdline", (int)text[i], i);
        }
        return Encoding.UTF8.GetBytes(text);
    }

    private Layout Tree(string path, string section)
    {
        byte[] blob = Whole(path, section, Formats.Uki.DeviceTree.MaxLength);
        return Checked(path, blob, () => Formats.Uki.DeviceTree.Read(blob));
    }

    private byte[] Hardware(ImmutableArray<string> paths)
    {
        var entries = ImmutableArray.CreateBuilder<HardwareId>();
        foreach (string file in paths.SelectMany(FilesIn))
        {
            byte[] bytes = Whole(file, ".hwids", HardwareIds.MaxLength);
            Checked(file, bytes, () => entries.AddRange(HardwareIds.IsTable(bytes)
                ? HardwareIds.Read(bytes)
                : HardwareIds.FromJson(bytes)));
        }
        return entries.Count == 0
            ? throw FormatErrors.BrokenHardwareIds.With("no entry is in it").In(paths[0])
            : HardwareIds.Encode(entries.ToImmutable());
    }

    private static IEnumerable<string> FilesIn(string path)
    {
        try
        {
            return Directory.Exists(path)
                ? Directory.GetFiles(path, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                : [path];
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.InputUnreadable.Because(denied, FileFailure.Reason(denied)).In(path);
        }
    }

    private Layout Parser(string path)
    {
        byte[] bytes = Whole(path, ParserSection.Name, MaxText * 1024);
        return Checked(path, bytes, () =>
        {
            if (ParserObject.Parse(bytes).Abi == ParserAbi.Unknown)
                context.Log.Warning($"{path}: {ParserSeries.NoHook}");
        });
    }

    private UkiPart Further(string option)
    {
        int colon = option.IndexOf(':');
        string name = colon < 0 ? "" : option[..colon];
        if (name.Length is < 2 or > 8 || name[0] != '.' || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
            || option.Length == colon + 1
            || (UkiSections.Find(name) is not null && name != ".sbom"))
            throw OperationErrors.UkiSectionOption.With(option);
        return new(name, Open(option[(colon + 1)..]));
    }

    private byte[] Whole(string path, string section, int most)
    {
        Layout file = Open(path);
        return file.Length <= most
            ? file.ReadBytes(0, file.Length)
            : throw OperationErrors.UkiInputTooLarge.With(section, file.Length, most).In(path);
    }

    private Layout Checked(string path, Action<Layout> check)
    {
        Layout file = Open(path);
        Checked(path, [], () => check(file));
        return file;
    }

    private static Layout Checked(string path, byte[] bytes, Action check)
    {
        try
        {
            check();
            return Layout.Of(bytes);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }
}
