using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A configuration without options.</summary>
    internal static readonly ErrorCode NotAConfig = new(
        "KS3755", "this is no kernel configuration: of its {0} lines none is CONFIG_NAME=value.",
            "Give the .config or config-VERSION of the kernel that goes inside; .xz, .gz and .zst of one are read too.");

    /// <summary>A configuration of another architecture.</summary>
    internal static readonly ErrorCode ConfigOtherMachine = new(
        "KS3756", "the configuration is not for {0}: CONFIG_{1}=y is not in it.",
        "Give the configuration of the kernel that goes inside, or another [option:arch].");

    /// <summary>A link script that does more than arrange.</summary>
    internal static readonly ErrorCode KitScript = new(
        "KS3757", "the link script {0} of the kit says '{2}' in line {1}, which the kernel's zboot.lds has no need of.",
        "A kit is code that is linked into the image: take it only from who may change your kernels, and capture it again with "
            + "[run:zboot kit].");

    /// <summary>Something other than an object.</summary>
    internal static readonly ErrorCode KitObject = new(
        "KS3758", "{0} in the kit is {1}.",
        "The linker would take files of this machine for it: capture the kit again with [run:zboot kit].");

    /// <summary>Another kit than the one that was pinned.</summary>
    internal static readonly ErrorCode KitNotPinned = new(
        "KS3759", "the kit has SHA-256 {0} but {1} allows {2}.",
        "Take the kit that was meant, or look at what changed ([run:inspect KIT]) and pin the new one.");

    /// <summary>A kit that nobody vouched for.</summary>
    internal static readonly ErrorCode KitUnsigned = new(
        "KS3340", "{0} demands a signer of the kit, and there is no {1} beside it.",
        "Have whoever may change your kernels sign it: [run:zboot kit, key] does, and [run:provenance sign] into KIT.intoto.json for one "
            + "that is there.");
}
