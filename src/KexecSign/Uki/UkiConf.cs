using System.Collections.Immutable;
using System.Text;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;

namespace KexecSign.Uki;

/// <summary>A setting of a uki.conf.</summary>
/// <param name="Section">UKI or PCRSignature.</param>
/// <param name="Group">The name behind the section's colon; null for none.</param>
/// <param name="Key">The key, as it is written.</param>
/// <param name="Value">Its value; the lines of a longer one are joined by line ends.</param>
/// <param name="Line">Line of the key, from 1.</param>
/// <param name="Column">Column of the key, from 1.</param>
internal sealed record UkiConfSetting(string Section, string? Group, string Key, string Value, int Line, int Column)
{
    /// <summary>The section as it is written.</summary>
    public string Place => Group is null ? Section : $"{Section}:{Group}";
}

/// <summary>
/// ukify's configuration, read as ukify reads it with Python's configparser: # begins a comment at a line's begin or behind a blank,
/// a line that is indented deeper than its key goes on with the value, and of a key that is there twice the last counts. What
/// configparser passes over, text behind a section's bracket and sections that nobody knows, is refused.
/// </summary>
internal static class UkiConf
{
    /// <summary>The section for the image.</summary>
    public const string Image = "UKI";

    /// <summary>The sections for keys that sign policies, each with a name.</summary>
    public const string Policies = "PCRSignature";

    /// <summary>Larger files are none.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>Reads a text.</summary>
    /// <exception cref="KexecSignException">KS3686, with line and column.</exception>
    public static ImmutableArray<UkiConfSetting> Read(string text)
    {
        var settings = new List<UkiConfSetting>();
        string[] lines = text.Split('\n');
        (string Section, string? Group)? place = null;
        int open = -1, indent = int.MaxValue;
        for (int i = 0; i < lines.Length; i++)
        {
            string line = WithoutComment(lines[i].TrimEnd('\r'));
            string content = line.Trim();
            int column = line.Length - line.TrimStart().Length;
            // An empty line, or one of comment alone, ends a value.
            if (content.Length == 0)
                indent = int.MaxValue;
            else if (open >= 0 && column > indent)
                settings[open] = settings[open] with { Value = $"{settings[open].Value}\n{content}".TrimStart('\n') };
            else
            {
                indent = column;
                if (content[0] == '[')
                {
                    place = Section(content, i + 1, column + 1);
                    open = -1;
                }
                else
                    open = Put(settings, Setting(place, content, i + 1, column + 1));
            }
        }
        return [.. settings];
    }

    private static string WithoutComment(string line)
    {
        for (int i = line.IndexOf('#'); i >= 0; i = line.IndexOf('#', i + 1))
        {
            if (i == 0 || char.IsWhiteSpace(line[i - 1]))
                return line[..i];
        }
        return line;
    }

    private static (string Section, string? Group) Section(string content, int line, int column)
    {
        if (content[^1] != ']')
            throw OperationErrors.UkiConfSyntax.With("a section's line ends with ]").At(line, column);
        string[] names = content[1..^1].Split(':');
        return names switch
        {
            [Image] => (Image, null),
            [Policies, { Length: > 0 } group] => (Policies, group),
            _ => throw OperationErrors.UkiConfSyntax.With($"there is no section {content}").At(line, column),
        };
    }

    private static UkiConfSetting Setting((string Section, string? Group)? place, string content, int line, int column)
    {
        int equals = content.IndexOf('=');
        if (place is not { } section)
            throw OperationErrors.UkiConfSyntax.With("a setting stands before the first section").At(line, column);
        if (equals < 1)
            throw OperationErrors.UkiConfSyntax.With($"'{content}' has no key, or no '='").At(line, column);
        return new(section.Section, section.Group, content[..equals].TrimEnd(), content[(equals + 1)..].Trim(), line, column);
    }

    private static int Put(List<UkiConfSetting> settings, UkiConfSetting setting)
    {
        int old = settings.FindIndex(s => s.Place == setting.Place && s.Key == setting.Key);
        if (old >= 0)
        {
            settings[old] = setting;
            return old;
        }
        settings.Add(setting);
        return settings.Count - 1;
    }
}
