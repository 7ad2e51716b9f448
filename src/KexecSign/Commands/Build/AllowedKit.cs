using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Judging.Policies;
using KexecSign.Provenance;
using KexecSign.Zboot;

namespace KexecSign.Commands.Build;

/// <summary>The kit of a build, when it is one of those that options, plan and policy allow. Asked for images that are kept, too.</summary>
internal static class AllowedKit
{
    /// <summary>Opens it; null for builds without one.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS3102, KS3103, KS3340, KS3759, KS4661, KS4662.</exception>
    public static ZbootKit? Open(BuildOptions options, PolicyDocument? policy, RunContext context)
    {
        // A demand that nothing is held against would count as kept.
        if (options.Kit is null)
            return options.KitSha256 is null && options.KitSigners.IsEmpty
                ? null
                : throw OperationErrors.OptionMissing.With("build", new NamedOption("kit"));
        ZbootKit kit = ZbootKit.Open(options.Kit);
        kit.RequirePinned(options.KitSha256 is { } pinned ? [pinned] : [], $"{new NamedOption("kit-sha256")} or the plan");
        kit.RequirePinned(policy?.Kits ?? [], "the policy");
        KitSignature.Require(kit, options.KitSigners, $"{new NamedOption("kit-signer")} or the plan", context);
        KitSignature.Require(kit, policy?.KitSigners ?? [], "the policy", context);
        return kit;
    }
}
