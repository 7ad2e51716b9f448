using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.Layouts;

namespace KexecSign.Pictures;

/// <summary>
/// The pages that a command writes besides its answer. Announced before the work, so that a place where nothing can be written is known at
/// once, and put there when the work is done.
/// </summary>
internal sealed class PictureFiles : IDisposable
{
    private readonly StagedFiles _files;
    private readonly string? _html, _markdown;

    private PictureFiles(StagedFiles files, string? html, string? markdown)
    {
        _files = files;
        _html = html is null ? null : files.Add(html);
        _markdown = markdown is null ? null : files.Add(markdown);
    }

    /// <summary>Announces the pages; null when none is wanted, or nothing is to be touched.</summary>
    /// <param name="html">Where the page goes; null for nowhere.</param>
    /// <param name="markdown">Where the Markdown goes; null for nowhere.</param>
    /// <param name="others">Files that the command reads or writes, in whose place no page may be put.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3003, KS3005, KS3013, KS3052-KS3055.</exception>
    public static PictureFiles? Begin(string? html, string? markdown, IEnumerable<string?> others, RunContext context)
    {
        if (context.DryRun || (html ?? markdown) is null)
            return null;
        string[] taken = [.. others.OfType<string>()];
        foreach (string page in ((string?[])[html, markdown]).OfType<string>())
        {
            if (taken.FirstOrDefault(other => Path.GetFullPath(other) == Path.GetFullPath(page)) is { } other)
                throw OperationErrors.SameOutput.With("the page and " + other, page, Path.GetFullPath(page));
        }
        var files = new StagedFiles(taken);
        try
        {
            return new(files, html, markdown);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Writes the pages and puts them in place.</summary>
    public void Write(PictureReport report, RunContext context)
    {
        Write(_html, () => HtmlPage.Of(report));
        Write(_markdown, () => MarkdownPage.Of(report));
        _files.Place();

        void Write(string? path, Func<string> text)
        {
            if (path is not null)
                WrittenFile.Write(Layout.Of(Encoding.UTF8.GetBytes(text())), path, [], context);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _files.Dispose();
}

/// <summary>The options that ask for pages, one description for all commands that write them.</summary>
internal static class PictureOptionSpecs
{
    /// <summary><c>--html</c> and <c>--markdown</c>.</summary>
    public static OptionSpec<TOptions>[] Of<TOptions>(Func<TOptions, string, TOptions> html, Func<TOptions, string, TOptions> markdown)
        where TOptions : class =>
    [
        new("html", "FILE",
            "Write a page that needs nothing but itself: who trusts whom, who takes which image, what lies where, hashes, rules, "
            + "provenance.", html, kind: OptionKind.PathOut),
        new("markdown", "FILE", "Write the same as Markdown, for the summary of a CI run.", markdown, kind: OptionKind.PathOut),
    ];
}
