using System.Diagnostics;
using KexecSign.Formats.Errors;

namespace KexecSign.Fuzz;

/// <summary>How a reader took an input.</summary>
public enum Outcome
{
    /// <summary>It read the file.</summary>
    Read,

    /// <summary>It refused with an error of the product.</summary>
    Refused,

    /// <summary>Something else came out, or it took more time or memory than an input of its length may.</summary>
    Fault,
}

/// <summary>One reading, watched.</summary>
public static class Attempt
{
    // A machine under load stops a thread for a while; what hangs takes longer than that.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // SECURITY.md: 16 MiB + 64 times the input for what is unpacked, and what readers hold beside it.
    private const long Room = 512 << 20;

    /// <summary>Reads an input and notes what is wrong.</summary>
    public static Outcome Of(Reader reader, byte[] input, Faults faults)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(faults);
        ArgumentNullException.ThrowIfNull(input);
        long before = GC.GetAllocatedBytesForCurrentThread(), began = Stopwatch.GetTimestamp();
        Outcome outcome = Outcome.Read;
        try
        {
            reader.Read(input);
        }
        catch (KexecSignException)
        {
            outcome = Outcome.Refused;
        }
#pragma warning disable CA1031 // Whatever it is, it is what is looked for.
        catch (Exception escaped)
#pragma warning restore CA1031
        {
            string? place = escaped.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("KexecSign.", StringComparison.Ordinal))?.Trim();
            faults.Add(reader.Name, input, $"{escaped.GetType().Name} {place}", escaped.ToString());
            return Outcome.Fault;
        }
        long took = GC.GetAllocatedBytesForCurrentThread() - before;
        TimeSpan lasted = Stopwatch.GetElapsedTime(began);
        if (took > Room + 64L * input.Length)
            faults.Add(reader.Name, input, "memory", $"{took} bytes for {input.Length}");
        else if (lasted > Patience)
            faults.Add(reader.Name, input, "time", $"{lasted} for {input.Length} bytes");
        else
            return outcome;
        return Outcome.Fault;
    }
}
