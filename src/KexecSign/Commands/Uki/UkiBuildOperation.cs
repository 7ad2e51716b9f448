using KexecSign.Formats.Vocabulary;
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
using KexecSign.Signing;
using KexecSign.Uki;

namespace KexecSign.Commands.Uki;

/// <summary><c>uki build</c>: kernel, initrd, command line and the rest behind one stub, under one signature.</summary>
internal static class UkiBuildOperation
{
    public static Operation<UkiBuildOptions, UkiResult> Definition { get; } = new()
    {
        Name = "uki build",
        Summary = "Build a unified kernel image: stub, kernel, initrd, command line under one signature.",
        Details = "Sections stand in the order of the UAPI specification, without gaps, and are streamed, however large the initrd. .sbat "
            + "is merged from stub, kernel and --sbat; .uname is read from the kernel. With --inner-key the kernel is signed so that its "
            + "length, VirtualSize, SizeOfRawData and SizeOfImage are one number: kexec and every reader of .linux then find the same "
            + "bytes. Of a vmlinuz.efi the Image inside, which kexec unpacks, is signed first, as 'zboot repack' does. The kernel's bytes "
            + "are held against their digest before the image appears. What a stub has behind its last section, systemd's arm64 stub of "
            + "version 252 for one, is never loaded and left out.",
        Body = Run,
        SignsElsewhere = true,
        Plan = o => Planned(UkiConfOptions.Applied(o), o.UkiConf),
        TypedResult = () => UkiJson.Default.UkiResult,
        MakeOptions = () =>
        [
            new("linux", "FILE", "The kernel: Image, vmlinuz.efi or bzImage, with EFI stub (.linux).", (o, v) => o with { Linux = v }),
            new("stub", "FILE", "systemd's linux*.efi.stub; without it the installed one of the kernel's machine.",
                (o, v) => o with { Stub = v }),
            new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true),
            .. UkiOptionSpecs.Contents<UkiBuildOptions>(o => o.Contents, (o, c) => o with { Contents = c }),
            new("profile", "TEXT|@FILE", "ID= and TITLE= of the base as a profile (.profile); systemd-stub 257.",
                (o, v) => o with { Profile = v }),
            new("join-profile", "FILE", "A further profile, from 'addon build --profile' or ukify.",
                (o, v) => o with { JoinedProfiles = o.JoinedProfiles.Add(v) }, repeatable: true),
            .. SigningOptionSpecs.All<UkiBuildOptions>("of the image (Secure Boot)", HashUses.Image, o => o.Signing,
                (o, s) => o with { Signing = s }),
            .. SigningOptionSpecs.KeyAndCertificate<UkiBuildOptions>("inner-", "of the kernel inside (kexec)", o => o.Inner,
                (o, s) => o with { Inner = s }),
            new("inner-replace", null, "Drop signatures that the kernel carries already.", (o, _) => o with { InnerReplace = true }),
            new("inner-parser", "FILE", "A kexec BPF parser object for the kernel's own .bpf section.",
                (o, v) => o with { InnerParser = v }),
            new("uki-conf", "FILE",
                "ukify's configuration (uki.conf); options go before its settings, and its files before those of options.",
                (o, v) => o with { UkiConf = v }),
            .. UkiOptionSpecs.Pcr<UkiBuildOptions>(o => o.Pcr, (o, p) => o with { Pcr = p }, o => o.Contents,
                (o, c) => o with { Contents = c }),
        ],
        Examples =
        [
            new("kexecsign uki build --linux vmlinuz --initrd initrd.img --cmdline 'root=/dev/vda2 quiet' --osrel @/etc/os-release --key "
                + "'pkcs11:token=release;object=db' --cert db.pem --pin-env PIN -o linux.efi",
                "A signed image of the installed stub, kernel and initrd."),
            new("kexecsign uki build --linux vmlinuz.efi --stub linuxaa64.efi.stub --initrd initrd.img --cmdline @cmdline --key db.key "
                + "--cert db.pem --inner-key kexec.key --inner-cert kexec.pem --pcr-key pcr.key -o linux.efi",
                "The same with a kernel that kexec takes too, and signed PCR 11 policies."),
            new("kexecsign uki build --linux vmlinuz --initrd initrd.img --osrel @/etc/os-release --pcr-key pcr.key --sign-initrd-pcrs "
                + "-o linux.efi",
                "Policies for all phases, and those that NvPCRs of systemd 262 need."),
            new("kexecsign uki build --uki-conf uki.conf --linux vmlinuz -o linux.efi",
                "What ukify's configuration says, for this kernel."),
        ],
    };

    private static ImmutableArray<PlannedStep> Planned(UkiBuildOptions options, string? conf) =>
    [
        .. PlannedStep.Read([conf, options.Linux, options.Stub, options.InnerParser, .. options.Contents.Files, .. options.JoinedProfiles]),
        .. PlannedStep.Sign("the kernel inside", options.Inner.Key, options.Inner.Certificate),
        .. options.Pcr.All.SelectMany(group => PlannedStep.Sign("PCR 11 policies", group.Key, null)),
        .. PlannedStep.Sign("the image", options.Signing.Key, options.Signing.Certificate), .. PlannedStep.Write(options.Output),
    ];

    private static UkiResult Run(UkiBuildOptions options, RunContext context)
    {
        options = Complete(UkiConfOptions.Applied(options));
        KeysElsewhereOfUki.RequireOne(options.Inner, options.Pcr, options.Signing);
        using var inputs = new UkiInputs(context);
        SigningIdentity? identity = options.Signing.Key is null ? null : SigningIdentity.Open("uki build", options.Signing, context);
        SigningIdentity? inner = options.Inner.Key is null ? null : SigningIdentity.Open("uki build", options.Inner, context);
        PcrSigner? signer = PcrSigner.Open(options.Pcr, options.Signing.Pin, context);
        ImmutableArray<UkiPart> parts = inputs.Parts(options.Contents);
        string[] files = [options.Linux!, .. new[] { options.Stub, options.InnerParser }.OfType<string>(), .. options.Contents.Files,
            .. options.JoinedProfiles];
        using UkiKernel kernel = Kernel(inputs.Open(options.Linux!), options, inner, context);
        RequireArchitecture(options, kernel);
        string stubPath = options.Stub ?? UkiStub.Installed(kernel.Image.Machine);
        StubImage stub = UkiStub.Read(inputs.Open(stubPath), stubPath, kernel.Image.Machine, "the kernel");

        string? version = UkiParts.Version(parts) ?? UkiKernel.VersionOf(kernel.Content, context);
        ImmutableArray<UkiPart> basis =
        [
            .. stub.LostMagic is { } magic ? [magic] : ImmutableArray<UkiPart>.Empty,
            new(UkiSections.Linux, kernel.Content), .. parts,
            .. UkiParts.Uname(parts, version, context),
            new(UkiSections.Sbat, Layout.Of(SbatText.Merge(Sbat(options.Contents, stub, kernel, inputs)))),
            .. UkiParts.PcrKey(options.Contents, signer, inputs),
        ];
        ImmutableArray<ImmutableArray<UkiPart>> profiles = Profiles(options, kernel.Image.Machine, inputs);
        UkiParts.Warn(basis, profiles, stub.Magic, context);
        (Layout image, ImmutableArray<PcrValue> values, ImmutableArray<ExpectedSection> measured) = UkiAssembly.Make(new(stub.Image,
            stub.File, stub.Own, stub.Magic), basis, profiles, signer, options.Pcr.StubVersion, context);
        using OutputFile output = OutputFile.Create(options.Output!, files);
        (WrittenFile written, SignedImage? signature) =
            UkiRelease.Write(image, [ExpectedSection.Kernel(image, kernel.Sha256), .. measured], identity, output, context);
        return UkiResult.Of(
            options.Output!, written, image, stub.Magic,
            new(options.Linux!, kernel.Content.Length, kernel.Sha256, version, kernel.Signature), signature, values,
            [.. stub.Notes, .. kernel.Notes]);
    }

    private static UkiBuildOptions Complete(UkiBuildOptions options)
    {
        Require(options.Linux, new NamedOption("linux"));
        Require(options.Output, new NamedOption("o"));
        UkiParts.RequirePair("uki build", options.Signing, "");
        UkiParts.RequirePair("uki build", options.Inner, "inner-");
        if (options.InnerReplace)
            Require(options.Inner.Key, $"{new NamedOption("inner-key")} (for {new NamedOption("inner-replace")})");
        if (!options.JoinedProfiles.IsEmpty)
            Require(options.Profile, $"{new NamedOption("profile")} (for {new NamedOption("join-profile")}: the base is profile 0)");
        return options with { Inner = options.Inner with { Pin = options.Signing.Pin } };
    }

    private static void RequireArchitecture(UkiBuildOptions options, UkiKernel kernel)
    {
        string? own = ArchitectureFacts.OfPe(kernel.Image.Machine)?.EfiName;
        if (options.EfiArchitecture is { } wanted && wanted != own)
            throw OperationErrors.UkiConfValue.With("EFIArch", wanted,
                $"the kernel is for {own ?? PeConstants.MachineName(kernel.Image.Machine)}");
    }

    private static void Require(string? value, object option)
    {
        if (value is null)
            throw OperationErrors.OptionMissing.With("uki build", option);
    }

    private static UkiKernel Kernel(Layout file, UkiBuildOptions options, SigningIdentity? inner, RunContext context)
    {
        try
        {
            return UkiKernel.Prepare(file, new(inner, options.InnerReplace, options.InnerParser), context);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.Linux!);
        }
    }

    private static IEnumerable<string> Sbat(UkiContents contents, StubImage stub, UkiKernel kernel, UkiInputs inputs)
    {
        if (stub.Sbat is { } own)
            yield return own;
        if (UkiKernel.SbatOf(kernel.Image, kernel.Content) is { } inside)
            yield return inside;
        if (contents.Sbat.IsEmpty)
            yield return SbatText.UkiRow;
        foreach (string rows in contents.Sbat)
            yield return Encoding.UTF8.GetString(inputs.Text(rows, UkiSections.Sbat));
    }

    private static ImmutableArray<ImmutableArray<UkiPart>> Profiles(UkiBuildOptions options, ushort machine, UkiInputs inputs)
    {
        if (options.Profile is null)
            return [];
        var profiles = ImmutableArray.CreateBuilder<ImmutableArray<UkiPart>>();
        profiles.Add([new(UkiSections.Profile, Layout.Of(inputs.Text(options.Profile, UkiSections.Profile)))]);
        foreach (string path in options.JoinedProfiles)
        {
            try
            {
                profiles.Add(Joined(UkiImage.Read(inputs.Open(path)), machine));
            }
            catch (KexecSignException refused)
            {
                throw refused.In(path);
            }
        }
        return profiles.ToImmutable();
    }

    // The profile's own .sbat is left out: shim refuses an image with two (verify.c, verify_buffer_sbat()), and signatures of its PCRs are
    // for another image.
    private static ImmutableArray<UkiPart> Joined(UkiImage file, ushort machine)
    {
        if (file.Image.Machine != machine)
            throw OperationErrors.UkiMachine.With("the kernel", PeConstants.MachineName(machine), machine,
                PeConstants.MachineName(file.Image.Machine), file.Image.Machine);
        if (file.Profiles is not [{ } profile] || file.Base.Any(part => part.Name != UkiSections.Sbat))
            throw FormatErrors.NotProfile.With(file.Base.FirstOrDefault(part => part.Name != UkiSections.Sbat)?.Name
                ?? $"one of {file.Profiles.Length}");
        return [.. profile.Where(part => part.Name is not (UkiSections.Sbat or UkiSections.PcrSignatures or UkiSections.PcrKey))];
    }
}
