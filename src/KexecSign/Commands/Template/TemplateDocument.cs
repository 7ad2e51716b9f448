using System.Collections.Immutable;
using System.Text.Json;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Documents;
using KexecSign.Formats.Errors;

namespace KexecSign.Commands.Template;

/// <summary>How a file of a template is signed.</summary>
internal enum TemplateKind
{
    /// <summary><c>efi</c>: a detached Authenticode signature, for <c>sbattach --attach</c>.</summary>
    Efi,

    /// <summary><c>linux-module</c>: a detached PKCS#7, for <c>sign-file -s</c>.</summary>
    LinuxModule,
}

/// <summary>A file that a template wants signed.</summary>
/// <param name="Package">Its binary package.</param>
/// <param name="Path">Its path below the package's root, without a slash in front.</param>
/// <param name="Kind">How.</param>
internal sealed record TemplateEntry(string Package, string Path, TemplateKind Kind);

/// <summary>What a template wants signed of a binary package.</summary>
/// <param name="Name">The package.</param>
/// <param name="Trusted">SHA-256 of the certificates that its code trusts, lower-case hex.</param>
/// <param name="Files">Its files.</param>
internal sealed record TemplatePackage(string Name, ImmutableArray<string> Trusted, ImmutableArray<TemplateEntry> Files);

/// <summary>The <c>files.json</c> of a <c>*-signed-template</c> package.</summary>
/// <param name="Path">The file.</param>
/// <param name="Packages">The binary packages, in its order.</param>
internal sealed record TemplateDocument(string Path, ImmutableArray<TemplatePackage> Packages)
{
    private const string Name = "files.json", Folder = "usr/share/code-signing", Efi = "efi", Module = "linux-module";
    // A template of linux that lists each module of four flavours has less than 2 MB.
    private const long MaxLength = 16 << 20;

    /// <summary>All files, in the template's order.</summary>
    public IEnumerable<TemplateEntry> Entries => Packages.SelectMany(package => package.Files);

    /// <summary>The word of a kind.</summary>
    public static string Word(TemplateKind kind) => kind switch
    {
        TemplateKind.Efi => Efi,
        TemplateKind.LinuxModule => Module,
    };

    /// <summary>Reads a template.</summary>
    /// <param name="template">A files.json, the folder that it is in, or the root of an unpacked template package.</param>
    /// <exception cref="KexecSignException">KS3001, KS3013, KS3301-KS3303, KS3343-KS3345, KS3763, KS3901.</exception>
    public static TemplateDocument Read(string template)
    {
        string path = Find(template);
        var document = PlacedDocument.Read(path, "a files.json", MaxLength);
        try
        {
            var read = new TemplateDocument(path, Of(document.Root));
            RequireDifferent(read.Entries);
            return read.Entries.Any() ? read : throw OperationErrors.NothingSelected.With(path, "file to sign");
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    private static string Find(string template)
    {
        if (!Directory.Exists(template))
            return template;
        string direct = System.IO.Path.Combine(template, Name), below = System.IO.Path.Combine(template, Folder);
        if (File.Exists(direct))
            return direct;
        string[] found = !Directory.Exists(below) ? []
            : [.. Directory.GetDirectories(below).Select(folder => System.IO.Path.Combine(folder, Name)).Where(File.Exists)];
        return found is [var only] ? only : throw OperationErrors.TemplateUnclear.With(found.Length).In(template);
    }

    private static ImmutableArray<TemplatePackage> Of(PlacedValue root)
    {
        var reader = new ObjectReader(root, "the template");
        reader.Get("version");
        PlacedValue packages = reader.Get("packages", JsonValueKind.Object) ?? throw reader.Missing("packages");
        reader.End();
        return [.. packages.Properties.Select(Package)];
    }

    private static TemplatePackage Package(PlacedProperty property)
    {
        if (!IsPackage(property.Name))
        {
            throw OperationErrors.TemplateName.With("package", Printable.Line(property.Name), "Debian has no package of such a name")
                .At(property.Line, property.Column);
        }
        var reader = new ObjectReader(property.Value, $"'{property.Name}'");
        var package = new TemplatePackage(
            property.Name, [.. reader.List("trusted_certs").Select(Fingerprint)],
            [.. reader.List("files").Select(file => Entry(property.Name, file))]);
        reader.End();
        return package;
    }

    private static TemplateEntry Entry(string package, PlacedValue value)
    {
        var reader = new ObjectReader(value, "a file");
        string path = reader.Required("file"), kind = reader.Required("sig_type");
        reader.End();
        if (Fault(path) is { } fault)
            throw OperationErrors.TemplateName.With("path", Printable.Line(path), fault).At(value.Line, value.Column);
        return new(package, path, kind switch
        {
            Efi => TemplateKind.Efi,
            Module => TemplateKind.LinuxModule,
            _ => throw OperationErrors.TemplateKind.With(path, Printable.Line(kind), $"{Efi} and {Module}").At(value.Line, value.Column),
        });
    }

    private static string Fingerprint(PlacedValue value)
    {
        try
        {
            return Sha256Text.Require(ObjectReader.TextOf(value, "an item of 'trusted_certs'"));
        }
        catch (KexecSignException refused)
        {
            throw refused.At(value.Line, value.Column);
        }
    }

    private static string? Fault(string path) => path switch
    {
        ['/', ..] => "it is absolute",
        _ when Printable.Hides(path) => "it has characters that are not seen",
        _ when path.Split('/').Any(part => part is "" or "." or "..") => "a part of it is empty, '.' or '..'",
        _ => null,
    };

    // Debian's policy, 5.6.1; such a name is also one folder, and none of the two special ones.
    private static bool IsPackage(string name) =>
        name.Length >= 2 && (char.IsAsciiLetterLower(name[0]) || char.IsAsciiDigit(name[0]))
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '+' or '-' or '.');

    private static void RequireDifferent(IEnumerable<TemplateEntry> entries)
    {
        var taken = new HashSet<TemplateEntry>();
        foreach (TemplateEntry entry in entries)
        {
            // Once for each of two kinds would be two signatures of one name.
            if (!taken.Add(entry with { Kind = TemplateKind.Efi }))
                throw OperationErrors.TemplateName.With("path", entry.Path, $"it stands twice in {entry.Package}");
        }
    }
}
