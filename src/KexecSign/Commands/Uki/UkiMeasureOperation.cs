using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uki;
using KexecSign.Uki;

namespace KexecSign.Commands.Uki;

/// <summary><c>uki measure</c>: what PCR 11 will be when an image is booted.</summary>
internal static class UkiMeasureOperation
{
    public static Operation<UkiMeasureOptions, UkiMeasureResult> Definition { get; } = new()
    {
        Name = "uki measure",
        Summary = "Predict PCR 11 for a unified kernel image, for each profile, bank and boot phase.",
        Details = "The phase ':' is the moment when the kernel starts; a system that is up has the value of the last path. Older stubs "
            + "measure fewer sections: version 252 neither .uname nor .sbat. With --policy-digest the policies for these values are "
            + "written as 'systemd-measure policy-digest' writes them; a signer that has the key adds \"sig\" to each, and 'uki update "
            + "--pcrsig' holds them against the image and puts them in.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read([o.File]), .. PlannedStep.Write(o.PolicyDigest)],
        TypedResult = () => UkiJson.Default.UkiMeasureResult,
        MakeArguments = () => [new("FILE", "The image, signed or not.", (o, v) => o with { File = v })],
        MakeOptions = () =>
        [
            .. UkiOptionSpecs.Measuring<UkiMeasureOptions>(o => o.Pcr, (o, p) => o with { Pcr = p }),
            new("policy-digest", "FILE", "Write the policies that are to be signed, JSON; the key is that of .pcrpkey.",
                (o, v) => o with { PolicyDigest = v }, kind: OptionKind.PathOut),
            .. UkiOptionSpecs.References<UkiMeasureOptions>(o => o.Pcr, (o, p) => o with { Pcr = p }),
        ],
        Examples =
        [
            new("kexecsign uki measure linux.efi --pcr-bank sha256", "The values of the SHA-256 bank."),
            new("kexecsign uki measure linux.efi --policy-digest policies.json --sign-initrd-pcrs",
                "The policies that a key elsewhere is to sign."),
        ],
    };

    private static UkiMeasureResult Run(UkiMeasureOptions options, RunContext context)
    {
        RequirePolicies(options);
        using FileSource source = FileSource.Open(options.File);
        try
        {
            UkiImage uki = UkiImage.ReadWithKernel(source.ToLayout());
            int version = options.Pcr.StubVersion ?? StubImage.VersionOf(StubImage.MagicOf(uki.Image, uki.File))
                ?? throw OperationErrors.UkiStubVersion.With();
            var prediction = new PcrPrediction(PcrSigner.BanksOf(options.Pcr), version, context);
            ImmutableArray<string> phases = options.Pcr.Phases.IsEmpty ? [BootPhases.None, .. BootPhases.Usual] : options.Pcr.Phases;
            ImmutableArray<PcrValue> values = [.. Profiles(uki).SelectMany(i => prediction.Of(uki.Effective(i), i, phases))];
            ImmutableArray<PcrPolicyDigest> policies = options.PolicyDigest is { } path
                ? Write(path, options, uki, prediction, context)
                : [];
            return new(
                options.File, version, [.. Pcr11.Measured(uki.Effective(0), version).Select(part => part.Name)], values, policies,
                    [.. Notes(uki, version)]);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }

    private static void RequirePolicies(UkiMeasureOptions options)
    {
        string? alone = options.Pcr.PolicyReference is not null ? "policyref"
            : options.Pcr.SignInitrd ? "sign-initrd-pcrs"
            : options.Pcr.SignedProfiles.IsEmpty ? null : "sign-profile";
        if (options.PolicyDigest is null && alone is not null)
            throw OperationErrors.PolicyOptionsAlone.With(alone);
    }

    private static IEnumerable<int> Profiles(UkiImage uki) => Enumerable.Range(0, Math.Max(1, uki.Profiles.Length));

    private static ImmutableArray<PcrPolicyDigest> Write(
        string path, UkiMeasureOptions options, UkiImage uki, PcrPrediction prediction, RunContext context)
    {
        PcrSigner.RequireProfiles(options.Pcr.SignedProfiles, [.. uki.Profiles.Select(ProfileFields.Of)]);
        string? reference = PolicyReference.Checked(options.Pcr.PolicyReference);
        ImmutableArray<string> phases = options.Pcr.Phases.IsEmpty ? BootPhases.Usual : options.Pcr.Phases;
        var entries = ImmutableArray.CreateBuilder<(PcrValue Value, PcrSignature Policy)>();
        foreach (int profile in Profiles(uki))
        {
            ImmutableArray<UkiPart> effective = uki.Effective(profile);
            if (!options.Pcr.SignedProfiles.IsEmpty && !options.Pcr.SignedProfiles.Contains(ProfileFields.Of(effective).Id ?? ""))
                continue;
            string fingerprint = PcrSignatureCheck.KeyOf(effective) is { } key ? PcrPublicKey.Fingerprint(key) : "";
            entries.AddRange(prediction.Of(effective, profile, phases).Select(v => (v, v.Policy(fingerprint, reference))));
            if (options.Pcr.SignInitrd)
            {
                entries.AddRange(prediction.Of(effective, profile, [PolicyReference.InitrdPhase])
                    .Select(v => (v, v.Policy(fingerprint, PolicyReference.Initrd))));
            }
        }
        byte[] document = [.. PcrSignatures.Write(entries.Select(e => e.Policy).Distinct()), (byte)'\n'];
        WrittenFile.Write(Layout.Of(document), path, [options.File], context);
        return [.. entries.Select(e => new PcrPolicyDigest(
            e.Value.Profile, e.Value.Bank, e.Value.Phase, e.Policy.Reference, e.Policy.Policy, PcrSignatures.ToBeSigned(e.Policy)))];
    }

    private static IEnumerable<string> Notes(UkiImage uki, int version)
    {
        if (uki.Base.Concat(uki.Profiles.SelectMany(p => p)).Any(part => part.Name is ".dtbauto" or ".efifw"))
            yield return "The values are those of a machine that none of the .dtbauto and .efifw sections fits; the stub measures the "
                + "one that it takes.";
        if (PcrPrediction.NewerStub(version) is { } newer)
            yield return newer;
        if (uki.Image.FindSection(UkiSections.Linux) is { } kernel && kernel.VirtualSize > kernel.SizeOfRawData)
            yield return $"systemd-stub up to 257 measures the zeros up to VirtualSize of .linux, "
                + $"0x{kernel.VirtualSize - kernel.SizeOfRawData:x} of them, too; these values do not.";
    }
}
