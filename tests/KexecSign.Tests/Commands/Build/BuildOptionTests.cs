using System.Collections.Immutable;
using KexecSign.Commands.Build;
using KexecSign.Compression;
using KexecSign.Core.Operations;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;

namespace KexecSign.Tests.Commands.Build;

/// <summary>What each option of a build means to recipes and plans: no option is forgotten, and what changes the image changes the recipe.</summary>
public sealed class BuildOptionTests : IDisposable
{
    private readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    public static TheoryData<string> Names => [.. BuildOperation.Definition.TypedOptions.Select(option => option.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_option_says_what_it_means_to_recipes_and_plans(string name) =>
        BuildRoles.Named(name)!.Role.ShouldNotBeNull("say with the option whether the image depends on it, and whether a plan says it");

    [Theory]
    [MemberData(nameof(Names))]
    public void An_option_that_changes_what_is_written_changes_the_recipe_and_no_other_does(string name)
    {
        OptionSpec<BuildOptions> option = BuildRoles.Named(name)!;
        BuildOptions before = Everything();
        if (option.Role is SignerRole signer && name.EndsWith("key", StringComparison.Ordinal))
            before = signer.Set(before, new());
        var after = (BuildOptions)option.Apply(before, Another(option));
        if (option.Role is SignerRole { } key && name.EndsWith("key", StringComparison.Ordinal))
            after = key.Set(after, _bench.Identity(TestSigners.Other));
        bool changes = Recipe(after) != Recipe(before);
        changes.ShouldBe(option.Role!.Effect is not (OptionEffect.None or OptionEffect.Access), $"{option.Typed} has the effect {option.Role.Effect}");
        if (option.Value is not null && name != "profile")
            option.Role.Value(after).ShouldNotBeNull($"what {option.Typed} put in is not seen");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Beside_a_plan_of_many_images_an_option_of_one_is_refused(string name)
    {
        OptionSpec<BuildOptions> option = BuildRoles.Named(name)!;
        if (option.Role!.Scope != OptionScope.One)
            return;
        string plan = _bench.Folder.File("plan.json", """{ "images": [] }"""u8);
        Refusal.Of("KS3308", () => BuildOperation.Definition.Run((BuildOptions)option.Apply(new BuildOptions { Plan = plan }, Another(option)), _bench.Context), option.Typed);
    }

    [Fact]
    public void Steps_of_a_plan_say_every_option_of_one_image()
    {
        string[] said = [.. BuildRoles.All.Where(o => o.Role.Field is not null).Select(o => o.Option.Name)];
        // A certificate comes with the name of its key.
        BuildRoles.All.Where(o => o.Role.Scope == OptionScope.One && !o.Option.Name.EndsWith("cert", StringComparison.Ordinal))
            .Select(o => o.Option.Name).Except(said).ShouldBeEmpty();
    }

    private BuildOptions Everything() => new()
    {
        Image = File("image"),
        Kit = File("kit"),
        Sbat = File("sbat"),
        Parser = File("parser"),
        Policy = File("policy"),
        Compression = "gzip",
        Level = 3,
        Zstd = ZstdLibrary.Own,
        Xattr = "security",
        Builder = "https://builder.example",
        Outer = _bench.Identity(TestSigners.Rsa2048),
        Inner = _bench.Identity(TestSigners.Rsa2048),
        Ima = _bench.Identity(TestSigners.Rsa2048),
        ProvenanceSigner = _bench.Identity(TestSigners.Rsa2048),
        Output = "out",
        SignedImage = "signed",
        Tar = "tar",
        Provenance = "provenance",
        Report = "report",
    };

    private string Another(OptionSpec option) => option.Kind switch
    {
        OptionKind.PathIn => File("another"),
        OptionKind.PathOut or OptionKind.Folder => "/another",
        OptionKind.Choice => option.Choices[^1],
        OptionKind.Number => "4",
        OptionKind.KeyReference => TestSigners.Other.CertificateFile(_bench.Folder),
        OptionKind.Flag => "",
        _ when option.Value == "HEX" => new string('a', 64),
        _ => "urn:another",
    };

    private string File(string name) => _bench.Folder.File(name, System.Text.Encoding.ASCII.GetBytes("the content of " + name));

    // What libraries compress is looked up on this machine: 'system' may not be there.
    private string Recipe(BuildOptions options)
    {
        try
        {
            return BuildRecipe.Of(options, path => BuildSources.HashOf(path, _bench.Context), _bench.Context);
        }
        catch (KexecSignException missing) when (options.Zstd == ZstdLibrary.System)
        {
            return missing.Message;
        }
    }
}
