using System.Collections.Immutable;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Sbat;
using KexecSign.Formats.Uki;
using KexecSign.Formats.Vocabulary;
using KexecSign.Signing;
using KexecSign.Uki;

namespace KexecSign.Commands.Uki;

/// <summary>Options of <c>addon build</c>.</summary>
public sealed record AddonBuildOptions
{
    /// <summary>What the addon brings.</summary>
    public UkiContents Contents { get; init; } = new();

    /// <summary>Name and title of a profile, for a file that <c>uki build --join-profile</c> takes; null for an addon.</summary>
    public string? Profile { get; init; }

    /// <summary>Machine; null for that of the stub or of this computer.</summary>
    public string? Architecture { get; init; }

    /// <summary>systemd's addon*.efi.stub; null for a built-in one.</summary>
    public string? Stub { get; init; }

    /// <summary>Key and certificate; unsigned when the key is null.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>Where it goes.</summary>
    public string? Output { get; init; }
}

/// <summary>
/// <c>addon build</c>: a signed file that adds a command line, device tree, microcode or initrd to an image that is there.
/// </summary>
internal static class AddonBuildOperation
{
    private static readonly ImmutableArray<string> Architectures = [.. AddonStub.Architectures.Select(facts => facts.Word)];

    public static Operation<AddonBuildOptions, UkiResult> Definition { get; } = new()
    {
        Name = "addon build",
        Summary = "Build an addon for unified kernel images: a command line, device tree, microcode or initrd, signed.",
        Details = "systemd-stub (254 for command lines, 255 for device trees, 256 for initrds and microcode) takes addons from "
            + "IMAGE.efi.extra.d/ and loader/addons/ when firmware or shim accepts their signature. The file must be named NAME.addon.efi; "
            + "with --profile it is a profile for 'uki build --join-profile'.",
        Body = Run,
        SignsElsewhere = true,
        Plan = o =>
        [
            .. PlannedStep.Read([o.Stub, .. o.Contents.Files]), .. PlannedStep.Sign("the addon", o.Signing.Key, o.Signing.Certificate),
            .. PlannedStep.Write(o.Output),
        ],
        TypedResult = () => UkiJson.Default.UkiResult,
        MakeOptions = () =>
        [
            new("o", "FILE", "Output file, NAME.addon.efi.", (o, v) => o with { Output = v }, required: true),
            new("arch", "ARCH", "Machine; without it that of --stub, or of this computer.",
                (o, v) => o with { Architecture = OptionValues.Choice("arch", v, Architectures) }, choices: Architectures),
            new("stub", "FILE", "systemd's addon*.efi.stub; without it a built-in one.", (o, v) => o with { Stub = v }),
            .. UkiOptionSpecs.AddonContents<AddonBuildOptions>(o => o.Contents, (o, c) => o with { Contents = c }),
            new("profile", "TEXT|@FILE", "ID= and TITLE=: makes a profile instead of an addon.", (o, v) => o with { Profile = v }),
            .. SigningOptionSpecs.All<AddonBuildOptions>("that signs", HashUses.Image, o => o.Signing, (o, s) => o with { Signing = s }),
        ],
        Examples =
        [
            new("kexecsign addon build --arch arm64 --cmdline 'console=ttyAMA0' --key db.key --cert db.pem -o "
                + "linux.efi.extra.d/console.addon.efi", "Add to the command line of linux.efi."),
            new("kexecsign addon build --arch x86_64 --profile 'ID=rescue' --cmdline 'systemd.unit=rescue.target' -o rescue.efi",
                "A profile for 'uki build --join-profile'."),
        ],
    };

    private static UkiResult Run(AddonBuildOptions options, RunContext context)
    {
        string path = options.Output ?? throw OperationErrors.OptionMissing.With("addon build", new NamedOption("o"));
        UkiParts.RequirePair("addon build", options.Signing, "");
        if (options.Profile is null && !path.EndsWith(UkiSections.AddonEnding, StringComparison.Ordinal))
            throw OperationErrors.AddonName.With(Path.GetFileName(path));
        using var inputs = new UkiInputs(context);
        SigningIdentity? identity = options.Signing.Key is null ? null : SigningIdentity.Open("addon build", options.Signing, context);
        ImmutableArray<UkiPart> parts = inputs.Parts(options.Contents);
        if (options.Profile is null && !parts.Any(part => UkiSections.AddonPayloads.Contains(part.Name)))
            throw OperationErrors.AddonEmpty.With(string.Join(' ', UkiSections.AddonPayloads));
        StubImage stub = Stub(options, inputs);
        IEnumerable<string> sbat = options.Contents.Sbat.IsEmpty
            ? [SbatText.AddonRow]
            : options.Contents.Sbat.Select(rows => Encoding.UTF8.GetString(inputs.Text(rows, UkiSections.Sbat)));
        var rows = new UkiPart(UkiSections.Sbat,
            Layout.Of(SbatText.Merge([.. stub.Sbat is { } own ? [own] : Array.Empty<string>(), .. sbat])));
        UkiFrame frame = new(stub.Image, stub.File, stub.Own, stub.Magic);
        (Layout image, _, _) = options.Profile is { } profile
            ? UkiAssembly.Make(frame, [], [[new(UkiSections.Profile, Layout.Of(inputs.Text(profile, UkiSections.Profile))), .. parts]],
                null, null, context)
            : UkiAssembly.Make(frame, [.. parts, rows], [], null, null, context);
        using OutputFile output = OutputFile.Create(path,
            [.. options.Contents.Files, .. options.Stub is null ? Array.Empty<string>() : [options.Stub]]);
        (WrittenFile written, SignedImage? signature) = UkiRelease.Write(image, [], identity, output, context);
        return UkiResult.Of(path, written, image, stub.Magic, null, signature, [], stub.Notes);
    }

    private static StubImage Stub(AddonBuildOptions options, UkiInputs inputs)
    {
        ushort? wanted = ArchitectureFacts.Named(options.Architecture)?.PeMachine;
        if (options.Stub is null)
            return StubImage.Read(AddonStub.For(wanted ?? MachineOf(ArchitectureFacts.Here)));
        Layout file = inputs.Open(options.Stub);
        return UkiStub.Read(file, options.Stub, wanted ?? PeReader.Read(file).Machine, "the addon");
    }

    /// <summary>The machine of the built-in stub for a computer.</summary>
    /// <exception cref="KexecSignException">KS3672.</exception>
    internal static ushort MachineOf(ArchitectureFacts? computer) => computer is { } here && AddonStub.Architectures.Contains(here)
        ? here.PeMachine!.Value
        : throw OperationErrors.AddonMachine.With($"{string.Join(", ", Architectures[..^1])} or {Architectures[^1]}");
}
