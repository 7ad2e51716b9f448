using System.Collections.Immutable;

namespace KexecSign.Zboot;

/// <summary>What of a kernel's configuration decides how safely the stub starts it.</summary>
/// <param name="AddressRandomization">RANDOMIZE_BASE: the stub asks the firmware for random numbers and moves the kernel.</param>
/// <param name="CommandLine">CMDLINE that is built in; empty for none.</param>
/// <param name="CommandLineForced">CMDLINE_FORCE: the boot loader's command line is ignored.</param>
/// <param name="BranchTargets">ARM64_BTI_KERNEL: the code may only be entered where it is meant to be.</param>
/// <param name="ResetAttackMitigation">RESET_ATTACK_MITIGATION: memory is cleared at a reset.</param>
/// <param name="Sbat">EFI_SBAT: the stub has a .sbat section of its own.</param>
public sealed record KitSecurity(bool AddressRandomization, string CommandLine, bool CommandLineForced, bool BranchTargets,
    bool ResetAttackMitigation, bool Sbat)
{
    internal static KitSecurity Of(KernelConfig config) => new(
        config.IsOn("RANDOMIZE_BASE"), config.Value("CMDLINE") ?? "", config.IsOn("CMDLINE_FORCE"), config.IsOn("ARM64_BTI_KERNEL"),
        config.IsOn("RESET_ATTACK_MITIGATION"), config.IsOn("EFI_SBAT"));

    internal ImmutableArray<(string Name, string Value)> Rows() =>
    [
        ("KASLR", AddressRandomization ? "yes" : "NO: the kernel starts at the same address each time"),
        ("command line", CommandLine.Length == 0 ? "none built in" : $"'{CommandLine}'{(CommandLineForced ? ", forced" : "")}"),
        ("BTI", BranchTargets ? "yes" : "no"),
        ("reset attack mitigation", ResetAttackMitigation ? "yes" : "no"),
        ("SBAT", Sbat ? "in the stub" : "none in the stub"),
    ];
}
