using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Uki;
using KexecSign.Uki;

namespace KexecSign.Commands.Uki;

/// <summary>Options of <c>uki measure</c>.</summary>
public sealed record UkiMeasureOptions
{
    /// <summary>The image.</summary>
    public string File { get; init; } = "";

    /// <summary>Banks, phases and the stub's version.</summary>
    public PcrSigningOptions Pcr { get; init; } = new();
}

/// <summary>Result of <c>uki measure</c>.</summary>
/// <param name="File">The image.</param>
/// <param name="StubVersion">The systemd version whose measurements these are.</param>
/// <param name="Measured">Names of the sections that are measured, in that order; those of profile 0.</param>
/// <param name="Pcrs">The values.</param>
/// <param name="Notes">What the values do not cover.</param>
public sealed record UkiMeasureResult(
    string File, int StubVersion, ImmutableArray<string> Measured, ImmutableArray<PcrValue> Pcrs, ImmutableArray<string> Notes) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{File}: PCR 11 as systemd-stub {StubVersion} measures {string.Join(' ', Measured)}",
        [new("", ["profile", "bank", "phase", "value"], [.. Pcrs.Select(p => ImmutableArray.Create($"{p.Profile}", p.Bank, p.Phase, p.Value))])],
        Notes);
}

/// <summary><c>uki measure</c>: what PCR 11 will be when an image is booted.</summary>
internal static class UkiMeasureOperation
{
    public static Operation<UkiMeasureOptions, UkiMeasureResult> Definition { get; } = new()
    {
        Name = "uki measure",
        Summary = "Predict PCR 11 for a unified kernel image, for each profile, bank and boot phase.",
        Details = "The phase ':' is the moment when the kernel starts; a system that is up has the value of the last path. Older stubs measure fewer sections: "
            + "version 252 neither .uname nor .sbat.",
        Body = Run,
        TypedResult = () => UkiJson.Default.UkiMeasureResult,
        TypedArguments = [new("FILE", "The image, signed or not.", (o, v) => o with { File = v })],
        TypedOptions = [.. UkiOptionSpecs.Measuring<UkiMeasureOptions>(o => o.Pcr, (o, p) => o with { Pcr = p })],
        Examples = [new("kexecsign uki measure linux.efi --pcr-bank sha256", "The values of the SHA-256 bank.")],
    };

    private static UkiMeasureResult Run(UkiMeasureOptions options, RunContext context)
    {
        using FileSource source = FileSource.Open(options.File);
        try
        {
            UkiImage uki = UkiImage.ReadWithKernel(source.ToLayout());
            int version = options.Pcr.StubVersion ?? StubImage.VersionOf(StubImage.MagicOf(uki.Image, uki.File)) ?? throw OperationErrors.UkiStubVersion.With();
            var prediction = new PcrPrediction(PcrSigner.BanksOf(options.Pcr), version, context);
            ImmutableArray<string> phases = options.Pcr.Phases.IsEmpty ? [BootPhases.None, .. BootPhases.Usual] : options.Pcr.Phases;
            return new(
                options.File, version, [.. Pcr11.Measured(uki.Effective(0), version).Select(part => part.Name)],
                [.. Enumerable.Range(0, Math.Max(1, uki.Profiles.Length)).SelectMany(i => prediction.Of(uki.Effective(i), i, phases))],
                [.. Notes(uki, version)]);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }

    private static IEnumerable<string> Notes(UkiImage uki, int version)
    {
        if (uki.Base.Concat(uki.Profiles.SelectMany(p => p)).Any(part => part.Name is ".dtbauto" or ".efifw"))
            yield return "The values are those of a machine that none of the .dtbauto and .efifw sections fits; the stub measures the one that it takes.";
        if (version > Pcr11.NewestStub)
            yield return $"systemd-stub {version} is newer than what is known here ({Pcr11.NewestStub}); it may measure more.";
        if (uki.Image.FindSection(UkiSections.Linux) is { } kernel && kernel.VirtualSize > kernel.SizeOfRawData)
            yield return $"systemd-stub up to 257 measures the zeros up to VirtualSize of .linux, 0x{kernel.VirtualSize - kernel.SizeOfRawData:x} of them, too; these values do not.";
    }
}
