using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Formats.Errors;
using KexecSign.Judging;
using KexecSign.Judging.Policies;
using KexecSign.Modules;

namespace KexecSign.Commands.Verify;

/// <summary><c>gate</c>: whether everything in a tree that firmware or a kernel would load satisfies a policy.</summary>
internal static class GateOperation
{
    public static Operation<GateOptions, GateResult> Definition { get; } = new()
    {
        Name = "gate",
        Summary = "Hold every kernel, unified kernel image, addon and module of a tree against a policy.",
        Details = "Below a folder everything is judged that is an EFI image, whatever its name, that is named as one (NAME.efi, vmlinuz, "
            + "Image, bzImage, with a version behind), and every module (.ko, .ko.gz, .ko.xz, .ko.zst). An image is judged as 'verify' "
            + "judges it with the policy; an addon, by its name and content, without the policy's rules about the kernel inside; a module "
            + "by 'signatures.module' and the certificates of the role module. What has nothing to judge is an error, and so is a file "
            + "that cannot be judged: a package, which is not opened, or a link to a file elsewhere. Exit code 4 when a file is refused.",
        Body = Run,
        TypedResult = () => VerifyJson.Default.GateResult,
        MakeArguments = () => [new("FILE", "The file, folder or pattern, or several.", (o, v) => o with { Files = o.Files.Add(v) },
            required: false, repeatable: true)],
        MakeOptions = () =>
        [
            new("policy", "FILE", "The policy that each file must satisfy (docs/schema/policy.schema.json).",
                (o, v) => o with { Policy = v }, required: true),
            BatchSelection.FilesFrom<GateOptions>((o, v) => o with { FilesFrom = v }),
            new("allow-module", "PATH",
                "A PKCS#11 module that the policy may name, written as it does; without it one that it names is an error.",
                (o, v) => o with { AllowedModules = o.AllowedModules.Add(v) }, repeatable: true, kind: OptionKind.Text),
        ],
        Examples =
        [
            new("kexecsign gate out --policy release.policy.json", "May what is in this folder be released?"),
            new("kexecsign gate debian/linux-image-7.3.4 --policy release.policy.json",
                "A package's tree: kernels in boot and usr/lib/modules, and their modules."),
        ],
    };

    private static GateResult Run(GateOptions options, RunContext context)
    {
        var policy = PolicyDocument.Read(options.Policy, options.AllowedModules, forTree: true);
        var selection = GateSelection.Of(options.Files, options.FilesFrom);
        TrustedRoles roles = TrustedRoles.None with { Module = TrustedCertificates.Open(policy.Certificates.Module, context) };
        ImmutableArray<GatedFile> judged = Batch.Run(selection.Files, "judge", context, Failed, (file, _, step, answer) =>
            answer(ModuleFile.IsName(file.Name) ? OfModule(file, policy, roles, step, context)
                : GateSelection.IsPackage(file) ? Refused(file, GatedKind.Package, VerifyErrors.GatePackage.With())
                : OfImage(file, policy, context)));
        return new([.. judged, .. selection.Links.Select(l => Refused(l.Link, GatedKind.Link, VerifyErrors.GateLink.With(l.Target)))],
            options.Policy, policy.Sha256);
    }

    private static GatedFile OfModule(SelectedFile file, PolicyDocument policy, TrustedRoles roles, IRunStep step, RunContext context)
    {
        using var module = ModuleFile.Open(file, context.Cancellation);
        (byte[] digest, ImmutableArray<PolicyFinding> findings) = ModulePolicy.Judge(policy, module, roles, step, context);
        return Answer(new(file.Path, FileStatus.Verified, GatedKind.Module)
        {
            Digest = Convert.ToHexStringLower(digest),
            Findings = findings,
        });
    }

    // As 'verify FILE --policy' does.
    private static GatedFile OfImage(SelectedFile file, PolicyDocument policy, RunContext context)
    {
        using var image = JudgedFile.Open(file, context);
        bool isAddon = !OtherKernels.Know(policy.Architecture) && image.IsAddon;
        PolicyDocument asked = isAddon ? policy.OfAddons() : policy;
        if (!asked.HasImageRule)
            throw VerifyErrors.PolicySilent.With(isAddon ? "addons" : "images", "'consumers' or 'signatures.outer'");
        VerifyResult result = VerifyOperation.Judge(new() { File = file.Path }, asked, image, TrustedRoles.None, context);
        return Answer(new(file.Path, FileStatus.Verified, isAddon ? GatedKind.Addon : GatedKind.Image)
        {
            Digest = result.Sha256,
            Verdicts = result.Verdicts,
            Findings = result.Policy!.Findings,
        });
    }

    // The rules that are broken first: they say more than the verdict that one of them is about.
    private static GatedFile Answer(GatedFile file)
    {
        (string Code, string Says)[] broken =
        [
            .. file.Findings.Where(f => !f.Holds).Select(f => (f.Code!, $"{f.Rule}: {f.Says}")),
            .. file.Verdicts.Where(v => v.Answer != Judging.Answer.Accepts && !file.Findings.Any(f => f.Rule == "consumers." + v.Who))
                .Select(v => (v.Code ?? VerifyErrors.PolicyConsumer.Id, $"{v.Who} {v.Says}: {v.Reason}")),
        ];
        return broken.Length == 0 ? file : file with
        {
            Status = FileStatus.Failed,
            Code = broken[0].Code,
            Message = string.Join("; ", broken.Select((b, i) => i == 0 ? $"{b.Code}: {file.File}: {b.Says}" : b.Says)),
        };
    }

    private static GatedFile Failed(SelectedFile file, KexecSignException refused) =>
        Refused(file, ModuleFile.IsName(file.Name) ? GatedKind.Module : GatedKind.Image, refused);

    private static GatedFile Refused(SelectedFile file, GatedKind kind, KexecSignException because) =>
        FileOutcome.Failing(new GatedFile(file.Path, FileStatus.Failed, kind), because);
}
