using System.Globalization;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Parsers;

namespace KexecSign.Judging;

/// <summary>What a kernel of the kexec BPF series makes of an image: its parser is run, and must give the kernel that is packed.</summary>
internal static class BpfCheck
{
    /// <summary>The verdict.</summary>
    public static Verdict Judge(PeImage image, Layout file, RunContext context)
    {
        try
        {
            if (image.FindSection(ParserSection.Name) is null)
                throw VerifyErrors.NoParser.With();
            SimulationOutcome outcome = ParserSimulation.Run(file, new(), context);
            if (outcome.Result.Fault is { } fault)
                return new(Consumer.Bpf, Answer.Refuses, $"series {ParserSeries.Name(outcome.Abi)}: {fault.Sentence}", fault.Rule.Id);
            return new(Consumer.Bpf, Answer.Accepts, string.Create(
                CultureInfo.InvariantCulture,
                $"series {ParserSeries.Name(outcome.Abi)}: {string.Join(", then ", outcome.Result.Parsers)} gives a kernel of "
                    + $"0x{outcome.Result.Kernel!.Value.Length:x} bytes, "
                    + $"{(outcome.PackedSha256 is null ? "which nothing is known about" : "the one that is packed")}"));
        }
        catch (KexecSignException refused)
        {
            return Verdict.Refused(Consumer.Bpf, refused);
        }
    }
}
