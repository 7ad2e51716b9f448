using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Compression;
using KexecSign.Core.Operations;
using KexecSign.Keys.Pins;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Commands.Build;

/// <summary>The role of a key and its certificate.</summary>
/// <param name="Name">The signature's name in recipes.</param>
/// <param name="Value">The reference; null when it was not given.</param>
/// <param name="Get">Who signs.</param>
/// <param name="Set">Puts that in.</param>
internal sealed record SignerRole(
    string Name, Func<BuildOptions, string?> Value, Func<BuildOptions, SigningOptions> Get,
        Func<BuildOptions, SigningOptions, BuildOptions> Set)
    : OptionRole<BuildOptions>(OptionEffect.Signer, OptionScope.One, Value);

/// <summary>
/// What the options of <c>build</c> mean to plans and recipes. Whoever adds an option says it here or there; a test asks for it.
/// </summary>
internal static class BuildRoles
{
    /// <summary>The options with their roles.</summary>
    public static IEnumerable<(OptionSpec<BuildOptions> Option, OptionRole<BuildOptions> Role)> All =>
        BuildOperation.Definition.TypedOptions.Select(option =>
            (option, option.Role ?? throw new InvalidOperationException($"{option.Typed} has no role")));

    /// <summary>Those with one effect.</summary>
    public static IEnumerable<(OptionSpec<BuildOptions> Option, OptionRole<BuildOptions> Role)> With(OptionEffect effect) =>
        All.Where(o => o.Role.Effect == effect);

    /// <summary>Those that a plan says in one place, in their order.</summary>
    public static IEnumerable<(OptionSpec<BuildOptions> Option, OptionRole<BuildOptions> Role, DocumentField Field)> In(string place) =>
        All.Where(o => o.Role.Field?.Place == place).Select(o => (o.Option, o.Role, o.Role.Field!));

    /// <summary>The option of that name.</summary>
    public static OptionSpec<BuildOptions>? Named(string name) =>
        BuildOperation.Definition.TypedOptions.FirstOrDefault(option => option.Name == name);

    /// <summary>A file whose content goes into the image.</summary>
    public static OptionRole<BuildOptions> Content(Func<BuildOptions, string?> value, DocumentField field,
        OptionScope scope = OptionScope.One) =>
        new(OptionEffect.Content, scope, value) { Field = field };

    /// <summary>A value that the image depends on.</summary>
    public static OptionRole<BuildOptions> Value(Func<BuildOptions, string?> value, DocumentField field) =>
        new(OptionEffect.Value, OptionScope.One, value) { Field = field };

    /// <summary>A number that the image depends on.</summary>
    public static OptionRole<BuildOptions> Number(Func<BuildOptions, int?> value, DocumentField field) =>
        Value(o => value(o)?.ToString(CultureInfo.InvariantCulture), field);

    /// <summary>A file that is written.</summary>
    public static OptionRole<BuildOptions> Output(Func<BuildOptions, string?> value, DocumentField field,
        OptionScope scope = OptionScope.One) =>
        new(OptionEffect.Output, scope, value) { Field = field };

    /// <summary>What is refused, and changes nothing.</summary>
    public static OptionRole<BuildOptions> Guard(Func<BuildOptions, string?> value, DocumentField field) =>
        new(OptionEffect.None, OptionScope.One, value) { Field = field };

    /// <summary>An option of the run.</summary>
    public static OptionRole<BuildOptions> Run(Func<BuildOptions, string?> value) => new(OptionEffect.None, OptionScope.Run, value);

    /// <summary>A page about the result, which is no file of the build.</summary>
    public static OptionRole<BuildOptions> Page(string name) =>
        new(OptionEffect.None, OptionScope.Each, o => name == "html" ? o.Html : o.Markdown);

    /// <summary>
    /// What compresses is linked in or the machine's own: another one gives other bytes, whether it was asked for or not.
    /// </summary>
    public static OptionRole<BuildOptions> Zstd { get; } =
        Value(o => o.Zstd is { } library ? ZbootOptionSpecs.NameOf(library) : null, new("zboot", "zstd")) with
        { Recipe = ("libraries", o => Compressor.Libraries(o.Zstd ?? default)) };

    /// <summary>Where a PIN comes from.</summary>
    public static IEnumerable<OptionSpec<BuildOptions>> Pins() =>
        SigningOptionSpecs.Pins<BuildOptions>(o => o.Pin, (o, p) => o with { Pin = p })
            .Select(option => option with
            {
                Role = new(OptionEffect.Access, OptionScope.Each, o => o.Pin == new PinOptions()
                ? null
                : option.Name)
            });

    /// <summary>What becomes of signatures that are there already.</summary>
    public static IEnumerable<OptionSpec<BuildOptions>> Existing() =>
        SigningOptionSpecs.Existing<BuildOptions>(o => o.Existing, (o, e) => o with { Existing = e })
        .Select(option => option with
        {
            Role = Value(o => StandingImage.Option(o.Existing) == option.Name ? "yes" : null,
                new("sign", option.Name) { Note = "Of an Image inside that is signed, too." }),
        });

    /// <summary>A key and its certificate, which a plan names by a step's <c>key</c>.</summary>
    public static IEnumerable<OptionSpec<BuildOptions>> Signer(
        string name, string step, string prefix, string purpose, Func<BuildOptions, SigningOptions> get,
            Func<BuildOptions, SigningOptions, BuildOptions> set)
    {
        ImmutableArray<OptionSpec<BuildOptions>> pair = [.. SigningOptionSpecs.KeyAndCertificate(prefix, purpose, get, set)];
        yield return pair[0] with { Role = new SignerRole(name, o => get(o).Key, get, set) { Field = new(step, "key", Required: true) } };
        // The certificate comes with the key's name, and stands for both in a recipe.
        yield return pair[1] with { Role = new SignerRole(name, o => get(o).Certificate, get, set) };
    }
}
