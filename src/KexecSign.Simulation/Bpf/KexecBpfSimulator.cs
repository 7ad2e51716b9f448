using KexecSign.Formats.Bpf;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Bpf.Kernel;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Kexec;

namespace KexecSign.Simulation.Bpf;

/// <summary>
/// Runs the parsers of an image as a kernel of a series would, and tells what kernel, initrd and command line it would
/// come to. No kernel is needed, and nothing in the files can do more than make the answer a no.
/// </summary>
public static class KexecBpfSimulator
{
    /// <summary>Simulates one kexec_file_load. Signatures are not looked at: <see cref="KexecFileLoad"/> does that.</summary>
    public static SimulationResult Run(SimulationInput input, IKernelDecompressor decompressor)
    {
        ArgumentNullException.ThrowIfNull(input);
        KexecRun run = SeriesModel.Of(input.Abi).Begin(input, decompressor);
        SimulationResult result;
        try
        {
            result = run.Load();
        }
        catch (BpfTrap trap)
        {
            result = new() { Fault = trap.Fault, Errno = KernelErrno.EINVAL };
        }
        return result with
        {
            Parsers = [.. run.Parsers],
            Trace = [.. run.Trace],
            Notes = [.. run.Notes],
            Instructions = run.Instructions,
        };
    }
}
