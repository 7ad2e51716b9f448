using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using System.Text;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Sbat;
using KexecSign.Formats.Uki;
using KexecSign.Signing;
using KexecSign.Uki;

namespace KexecSign.Commands.Uki;

/// <summary>Options of <c>uki update</c>.</summary>
public sealed record UkiUpdateOptions
{
    /// <summary>The image.</summary>
    public string Image { get; init; } = "";

    /// <summary>Another kernel; null to keep the one inside.</summary>
    public string? Linux { get; init; }

    /// <summary>What is put in the place of sections of the same name.</summary>
    public UkiContents Contents { get; init; } = new();

    /// <summary>Names of sections that go.</summary>
    public ImmutableArray<string> Removed { get; init; } = [];

    /// <summary>Key and certificate of the whole, and the PIN for all keys; unsigned when the key is null.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>Key and certificate of another kernel.</summary>
    public SigningOptions Inner { get; init; } = new();

    /// <summary>Whether signatures that another kernel carries are dropped.</summary>
    public bool InnerReplace { get; init; }

    /// <summary>Signing of PCR 11 policies.</summary>
    public PcrSigningOptions Pcr { get; init; } = new();

    /// <summary>Signatures of PCR 11 policies that were made elsewhere; null for none.</summary>
    public string? PcrSignatures { get; init; }

    /// <summary>Where the image goes.</summary>
    public string? Output { get; init; }

    /// <summary>Whether the input is replaced.</summary>
    public bool InPlace { get; init; }
}

/// <summary><c>uki update</c>: another initrd, command line or kernel in an image that is there, and a new signature.</summary>
internal static class UkiUpdateOperation
{
    public static Operation<UkiUpdateOptions, UkiResult> Definition { get; } = new()
    {
        Name = "uki update",
        Summary = "Replace sections of a unified kernel image, an initrd or command line for instance, and sign it anew.",
        Details = "Sections that are not named stay byte for byte, the kernel above all; those of the base are changed, those of profiles "
            + "are kept. The old signature goes, because it covers everything. So do signed PCR policies, which are made anew with "
            + "--pcr-key, or come from elsewhere with --pcrsig and are held against the key in .pcrpkey and against what PCR 11 will be.",
        Body = Run,
        SignsElsewhere = true,
        Plan = o =>
        [
            .. PlannedStep.Read([o.Image, o.Linux, o.PcrSignatures, .. o.Contents.Files]),
            .. PlannedStep.Sign("the kernel inside", o.Inner.Key, o.Inner.Certificate),
            .. o.Pcr.Key is null ? [] : PlannedStep.Sign("PCR 11 policies", o.Pcr.Key, null),
            .. PlannedStep.Sign("the image", o.Signing.Key, o.Signing.Certificate), .. PlannedStep.Write(o.InPlace ? o.Image : o.Output),
        ],
        TypedResult = () => UkiJson.Default.UkiResult,
        MakeArguments = () => [new("FILE", "The image, signed or not.", (o, v) => o with { Image = v })],
        MakeOptions = () =>
        [
            new("linux", "FILE", "Another kernel; .uname follows it.", (o, v) => o with { Linux = v }),
            .. UkiOptionSpecs.Contents<UkiUpdateOptions>(o => o.Contents, (o, c) => o with { Contents = c }),
            new("remove", "NAME", "Take a section out, for instance .splash.", (o, v) => o with { Removed = o.Removed.Add(v) },
                repeatable: true),
            .. SigningOptionSpecs.All<UkiUpdateOptions>("of the image (Secure Boot)", HashUses.Image, o => o.Signing,
                (o, s) => o with { Signing = s }),
            .. SigningOptionSpecs.KeyAndCertificate<UkiUpdateOptions>("inner-", "of another kernel (kexec)", o => o.Inner,
                (o, s) => o with { Inner = s }),
            new("inner-replace", null, "Drop signatures that the other kernel carries already.", (o, _) => o with { InnerReplace = true }),
            .. UkiOptionSpecs.Pcr<UkiUpdateOptions>(o => o.Pcr, (o, p) => o with { Pcr = p }, o => o.Contents,
                (o, c) => o with { Contents = c }),
            new("pcrsig", "FILE", "Signed policies, from what 'uki measure --policy-digest' or ukify wrote; each is verified.",
                (o, v) => o with { PcrSignatures = v }),
            new("o", "FILE", "Output file.", (o, v) => o with { Output = v }),
            new("in-place", null, "Replace the input.", (o, _) => o with { InPlace = true }),
        ],
        Examples =
        [
            new("kexecsign uki update linux.efi --initrd initrd.new --key db.key --cert db.pem --in-place", "Put another initrd in."),
            new("kexecsign uki update linux.efi --cmdline 'quiet ro' --key db.key --cert db.pem -o linux.quiet.efi",
                "Change the command line."),
            new("kexecsign uki update linux.efi --pcrsig signed.json --key db.key --cert db.pem -o linux.signed.efi",
                "Put in policies that were signed elsewhere."),
        ],
    };

    private static UkiResult Run(UkiUpdateOptions options, RunContext context)
    {
        string target = Target(options);
        UkiParts.RequirePair("uki update", options.Signing, "");
        UkiParts.RequirePair("uki update", options.Inner, "inner-");
        if (options.Linux is null && (options.Inner.Key is not null || options.InnerReplace))
            throw OperationErrors.OptionMissing.With(
                "uki update", $"{new NamedOption("linux")} (for {new NamedOption("inner-key")}: the kernel inside is never changed)");
        KeysElsewhereOfUki.RequireOne(options.Inner, options.Pcr, options.Signing);
        using var inputs = new UkiInputs(context);
        SigningIdentity? identity = options.Signing.Key is null ? null : SigningIdentity.Open("uki update", options.Signing, context);
        SigningIdentity? inner = options.Inner.Key is null
            ? null
            : SigningIdentity.Open("uki update", options.Inner with { Pin = options.Signing.Pin }, context);
        (PcrSigner? signer, PcrJoin? join) = Policies(options, inputs, context);
        UkiImage uki = Open(inputs.Open(options.Image, options.InPlace), options.Image);
        using UkiKernel? kernel = options.Linux is null ? null : Kernel(inputs.Open(options.Linux), options, inner, uki, context);

        ImmutableArray<UkiPart> parts = inputs.Parts(options.Contents);
        string? version = kernel is null ? null : UkiParts.Version(parts) ?? UkiKernel.VersionOf(kernel.Content, context);
        ImmutableArray<UkiPart> replacing = [.. parts, .. Following(options, kernel, version, parts, uki, signer, inputs, context)];
        if (replacing.IsEmpty && options.Removed.IsEmpty && signer is null && join is null)
            throw OperationErrors.UpdateNothing.With();
        var notes = ImmutableArray.CreateBuilder<string>();
        ImmutableArray<UkiPart> basis = Basis(uki, replacing, options.Removed, signer is not null || join is not null, notes);
        ImmutableArray<ImmutableArray<UkiPart>> profiles =
            [.. uki.Profiles.Select(group => group.RemoveAll(part => part.Name == UkiSections.PcrSignatures))];
        if (uki.Image.IsSigned)
            notes.Add($"the old signature (0x{uki.Image.CertificateTable.Size:x} bytes) is gone");

        string? magic = StubImage.MagicOf(uki.Image, uki.File);
        UkiParts.Warn(basis, profiles, magic, context);
        (Layout image, ImmutableArray<PcrValue> values, ImmutableArray<ExpectedSection> measured) = UkiAssembly.Make(new(uki.Image,
            uki.File, uki.Own, magic), basis, profiles, (IPolicySource?)signer ?? join, options.Pcr.StubVersion, context);
        if (signer is not null || join is not null)
            WarnOfDropped(uki, UkiImage.Read(image), context);
        string sha256 = kernel?.Sha256 ?? KernelDigest(uki, context);
        string[] read = [.. options.InPlace ? Array.Empty<string>() : [options.Image],
            .. new[] { options.Linux, options.PcrSignatures }.OfType<string>(), .. options.Contents.Files];
        using OutputFile output = OutputFile.Create(target, read);
        (WrittenFile written, SignedImage? signature) =
            UkiRelease.Write(image, [ExpectedSection.Kernel(image, sha256), .. measured], identity, output, context);
        UkiKernelReport? report = kernel is null
            ? null
            : new(options.Linux!, kernel.Content.Length, kernel.Sha256, version, kernel.Signature);
        notes.AddRange(kernel?.Notes ?? []);
        return UkiResult.Of(target, written, image, magic, report, signature, values, notes.ToImmutable());
    }

    private static (PcrSigner? Signer, PcrJoin? Join) Policies(UkiUpdateOptions options, UkiInputs inputs, RunContext context)
    {
        if (options.PcrSignatures is null)
            return (PcrSigner.Open(options.Pcr, options.Signing.Pin, context), null);
        if (options.Pcr.Key is not null)
            throw OperationErrors.OptionsConflict.With(new NamedOption("pcrsig"), new NamedOption("pcr-key"));
        // Phases and the stub's version say what the signatures may be for; the rest is for a key.
        _ = PcrSigner.Open(options.Pcr with { Phases = [], StubVersion = null }, options.Signing.Pin, context);
        return (null, PcrJoin.Read(options.PcrSignatures, options.Pcr.Phases, inputs));
    }

    private static string Target(UkiUpdateOptions options) => BatchTargets.One(options.Image, options.Output, options.InPlace);

    private static UkiImage Open(Layout file, string path)
    {
        try
        {
            return UkiImage.ReadWithKernel(file);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    private static UkiKernel Kernel(Layout file, UkiUpdateOptions options, SigningIdentity? inner, UkiImage uki, RunContext context)
    {
        try
        {
            UkiKernel kernel = UkiKernel.Prepare(file, new(inner, options.InnerReplace, null), context);
            if (kernel.Image.Machine == uki.Image.Machine)
                return kernel;
            kernel.Dispose();
            throw OperationErrors.UkiMachine.With(
                "the kernel", PeConstants.MachineName(kernel.Image.Machine), kernel.Image.Machine,
                PeConstants.MachineName(uki.Image.Machine), uki.Image.Machine);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.Linux!);
        }
    }

    // The rows of .sbat only grow here: a row may be for code that is still inside.
    private static IEnumerable<UkiPart> Following(
        UkiUpdateOptions options, UkiKernel? kernel, string? version, ImmutableArray<UkiPart> parts, UkiImage uki, PcrSigner? signer,
            UkiInputs inputs, RunContext context)
    {
        if (kernel is not null)
        {
            yield return new(UkiSections.Linux, kernel.Content);
            foreach (UkiPart uname in UkiParts.Uname(parts, version, context))
                yield return uname;
        }
        string[] rows = [.. options.Contents.Sbat.Select(text => Encoding.UTF8.GetString(inputs.Text(text, UkiSections.Sbat)))];
        if (kernel is not null && UkiKernel.SbatOf(kernel.Image, kernel.Content) is { } inside)
            rows = [.. rows, inside];
        if (rows.Length > 0)
            yield return new(UkiSections.Sbat, Layout.Of(
                SbatText.Merge([.. UkiKernel.SbatOf(uki.Image, uki.File) is { } old ? [old] : Array.Empty<string>(), .. rows])));
        foreach (UkiPart key in UkiParts.PcrKey(options.Contents, signer, inputs))
            yield return key;
    }

    private static ImmutableArray<UkiPart> Basis(
        UkiImage uki, ImmutableArray<UkiPart> replacing, ImmutableArray<string> removed, bool signsPcrs,
            ImmutableArray<string>.Builder notes)
    {
        foreach (string name in removed)
        {
            if (name == UkiSections.Linux || !uki.Base.Any(part => part.Name == name) || replacing.Any(part => part.Name == name))
                throw OperationErrors.UpdateCannotRemove.With(name, string.Join(' ', uki.Base.Select(part => part.Name)));
        }
        bool hadSignatures = uki.Base.Concat(uki.Profiles.SelectMany(group => group)).Any(part => part.Name == UkiSections.PcrSignatures);
        if (hadSignatures && !signsPcrs)
            notes.Add(".pcrsig is gone: it was for the old contents; say --pcr-key to sign the new ones");
        return
        [
            .. uki.Base.Where(part => part.Name != UkiSections.PcrSignatures && !removed.Contains(part.Name)
                && !replacing.Any(r => r.Name == part.Name)),
            .. replacing,
        ];
    }

    // Kept they would be stale: what is measured has changed. Said aloud, because disks that are bound to them stay shut.
    private static void WarnOfDropped(UkiImage before, UkiImage after, RunContext context)
    {
        string[] dropped =
        [
            .. Enumerable.Range(0, before.Profiles.Length)
                .Where(i => HasPolicies(before.Effective(i)) && !HasPolicies(after.Effective(i)))
                .Select(i => ProfileFields.Of(before.Effective(i)).Id is { } id ? $"{i} (ID={id})" : $"{i}"),
        ];
        if (dropped.Length > 0)
        {
            context.Log.Warning($"the signed policies of profile {string.Join(", ", dropped)} are gone: they were for the old contents, "
                + "and none were signed for the new ones; what is bound to them does not open with these profiles");
        }
    }

    private static bool HasPolicies(ImmutableArray<UkiPart> parts) => parts.Any(part => part.Name == UkiSections.PcrSignatures);

    private static string KernelDigest(UkiImage uki, RunContext context) => Convert.ToHexStringLower(LayoutPass.Hash(
        uki.Base.First(part => part.Name == UkiSections.Linux).Content, System.Security.Cryptography.HashAlgorithmName.SHA256, context));
}
