using KexecSign.Formats.Errors;

namespace KexecSign.Simulation.Bpf;

/// <summary>Where in a program something happened.</summary>
/// <param name="Program">Name of the program; the loader is <c>__loader.prog</c>.</param>
/// <param name="Instruction">Number of the slot, as <c>llvm-objdump -d</c> and the kernel's verifier count.</param>
/// <param name="Disassembly">The instruction.</param>
/// <param name="Source">File, line and text, when the program carries line information.</param>
public sealed record BpfLocation(string Program, int Instruction, string Disassembly, string? Source)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{Program} instruction {Instruction} '{Disassembly}'" + (Source is null ? "" : $", {Source}");
}

/// <summary>Why a kernel would not go on with a parser, or not come to a result.</summary>
/// <param name="Rule">The rule that was broken.</param>
/// <param name="Says">What was found.</param>
/// <param name="Mend">What to do about it.</param>
/// <param name="At">Where, when it happened inside a program.</param>
public sealed record BpfFault(ErrorCode Rule, string Says, string Mend, BpfLocation? At = null)
{
    /// <summary>What was found and where, in one line.</summary>
    public string Sentence => At is null ? Says : $"{At}: {Says}";

    /// <summary>A fault of a rule, with what was found.</summary>
    public static BpfFault Of(ErrorCode rule, params object?[] found)
    {
        KexecSignException stated = rule.With(found);
        return new(rule, stated.Says, stated.Mend);
    }
}
