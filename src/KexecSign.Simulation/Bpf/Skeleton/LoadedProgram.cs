using KexecSign.Simulation.Bpf.Kernel;
using KexecSign.Simulation.Bpf.Machine;

namespace KexecSign.Simulation.Bpf.Skeleton;

/// <summary>A program that the loader loaded, ready to be called.</summary>
/// <param name="Program">The program, relocated.</param>
/// <param name="Hook">Function that it is attached to.</param>
/// <param name="Missing">What relocations did not find, by instruction.</param>
internal sealed record LoadedProgram(BpfProgram Program, KernelFunction Hook, IReadOnlyDictionary<int, string> Missing);
