using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.References;
using KexecSign.Signing;

namespace KexecSign.Commands.Offline;

/// <summary>Options of <c>bundle sign</c>.</summary>
public sealed record BundleSignOptions
{
    /// <summary>The bundle, or the archive.</summary>
    public string Bundle { get; init; } = "";

    /// <summary>Key, certificate and PIN.</summary>
    public SigningOptions Signing { get; init; } = new();
}

/// <summary>What was signed of a stage.</summary>
/// <param name="Stage">Its number; 1 for an archive.</param>
/// <param name="Operation">What asked for it.</param>
/// <param name="Signed">How many signatures were made.</param>
/// <param name="Unseen">How many of them are over a hash whose content was not there to be looked at.</param>
/// <param name="Answers">Where they are.</param>
public sealed record SignedStage(int Stage, string Operation, int Signed, int Unseen, string Answers);

/// <summary>Result of <c>bundle sign</c>.</summary>
/// <param name="Bundle">The bundle.</param>
/// <param name="Signer">Subject of the signer's certificate.</param>
/// <param name="Stages">The stages that the key signed.</param>
public sealed record BundleSignResult(string Bundle, string Signer, ImmutableArray<SignedStage> Stages) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"{Bundle}: {Stages.Sum(stage => stage.Signed)} signature(s) by {Signer}",
        [new("", ["stage", "for", "signed", "of them by hash alone", "answers"],
            [.. Stages.Select(stage => ImmutableArray.Create($"{stage.Stage}", stage.Operation, $"{stage.Signed}", $"{stage.Unseen}",
                stage.Answers))])],
        []);
}

/// <summary><c>bundle sign</c>: the signer's side.</summary>
internal static class BundleSignOperation
{
    public static Operation<BundleSignOptions, BundleSignResult> Definition { get; } = new()
    {
        Name = "bundle sign",
        Summary = "Sign what a bundle asks for, on the machine that has the key.",
        Details = "Signs in one login all stages that are for this certificate and have no answers yet, whatever asked for them: images, "
            + "modules, IMA and EVM values, packages, updates of variables, provenance. Review the bundle first: of modules and files it "
            + "holds the hashes alone. What it holds is hashed again, and signed attributes of an image are signed only where they were "
            + "announced as such. An archive of the Open Build Service (NAME.cpio.rsasign) is signed into NAME.cpio.rsasign.sig, as its "
            + "signer does. Without --cert what is signed is PCR policies, whose keys have none. All is signed, or nothing is written.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.Bundle), .. PlannedStep.Sign(o.Bundle, o.Signing.Key, o.Signing.Certificate),
            .. PlannedStep.Write(ObsArchive.IsRequest(o.Bundle) ? o.Bundle + BundleReference.SignedEnding : o.Bundle)],
        TypedResult = () => OfflineJson.Default.BundleSignResult,
        MakeArguments = () => [new("BUNDLE", "The bundle's folder, or NAME.cpio.rsasign.", (o, v) => o with { Bundle = v })],
        MakeOptions = () =>
        [
            .. SigningOptionSpecs.KeyAndCertificate<BundleSignOptions>("", "that signs", o => o.Signing, (o, s) => o with { Signing = s }),
            .. SigningOptionSpecs.Pins<BundleSignOptions>(o => o.Signing.Pin,
                (o, pin) => o with { Signing = o.Signing with { Pin = pin } }),
        ],
        Examples =
        [
            new("kexecsign bundle sign release-6.12 --key 'pkcs11:token=release;object=modules' --cert modules.pem --pin-env RELEASE_PIN",
                "Sign all that is asked of this key in one login."),
        ],
    };

    private static BundleSignResult Run(BundleSignOptions options, RunContext context)
    {
        SigningIdentity identity = Open(options, context);
        ImmutableArray<SignedStage> stages = Directory.Exists(options.Bundle)
            ? BundleSigner.SignStages(options, identity, context)
            : ArchiveSigner.Sign(options.Bundle, identity, context);
        return new(options.Bundle, identity.Certificate.Subject, stages);
    }

    private static SigningIdentity Open(BundleSignOptions options, RunContext context) =>
        options.Signing.Certificate is null
            ? SigningIdentity.WithoutCertificate("bundle sign", options.Signing, context)
            : SigningIdentity.Open("bundle sign", options.Signing, context);
}
