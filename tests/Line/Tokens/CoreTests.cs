using System.Globalization;
using System.Text;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>What is left of a PIN in a process that has logged in: nothing that a core dump would hold, and no core dump.</summary>
[Collection(nameof(TokenBench))]
public sealed class CoreTests(TokenBench bench) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public void No_memory_that_would_be_dumped_holds_the_PIN()
    {
        TokenBench.Require();
        Tool.Demand(Environment.IsPrivilegedProcess, "only root reads the memory of a process that may not be dumped");
        using RunningProcess signing = Hanging("hang-at-signature");
        try
        {
            (long dumped, string[] places) = Search(signing.Id, Encoding.UTF8.GetBytes(TokenBench.Pin));
            dumped.ShouldBeGreaterThan(10_000_000);
            places.ShouldBeEmpty();
            // The search finds what is there.
            Search(signing.Id, Encoding.UTF8.GetBytes("FAULTY_MARK=")).Places.ShouldNotBeEmpty();
        }
        finally
        {
            signing.Kill();
        }
    }

    [SkippableFact]
    public void A_process_with_a_PIN_leaves_no_core()
    {
        TokenBench.Require();
        // Other programs leave one, or nothing can be seen here.
        Skip.IfNot(OthersLeaveCores(), $"this machine writes no core files (core_pattern is {File.ReadAllText("/proc/sys/kernel/core_pattern").Trim()})");
        LeavesCore("hang-at-signature").ShouldBeFalse();
    }

    private bool OthersLeaveCores()
    {
        using RunningProcess process = new ProcessRun("bash", ["-c", "ulimit -c unlimited; exec sleep 60"]) { Folder = _folder.Path }.Start();
        SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{process.Id}/comm").Trim() == "sleep", Patience).ShouldBeTrue();
        Tool.Run("kill", "-SYS", $"{process.Id}");
        process.Wait(Patience).ShouldBeTrue();
        string[] cores = Directory.GetFiles(_folder.Path, "core*");
        Array.ForEach(cores, File.Delete);
        return cores.Length > 0;
    }

    private bool LeavesCore(string fault)
    {
        using RunningProcess process = Hanging(fault);
        // .NET has no handler for this one, and it dumps a core as those do that it has.
        Tool.Run("kill", "-SYS", $"{process.Id}");
        process.Wait(Patience).ShouldBeTrue();
        string[] cores = Directory.GetFiles(_folder.Path, "core*");
        Array.ForEach(cores, File.Delete);
        return cores.Length > 0;
    }

    // A process that waits in a call of the module; for a signature it has logged in.
    private RunningProcess Hanging(string fault)
    {
        string mark = _folder.At(fault + ".mark"), pin = _folder.Secret("pin", Encoding.UTF8.GetBytes(TokenBench.Pin + "\n"));
        var variables = new Dictionary<string, string>(bench.Faulty(fault)) { ["KEXECSIGN_PKCS11_TIMEOUT"] = "60", ["FAULTY_MARK"] = mark };
        variables.Remove("BENCH_PIN");
        // Without any kind of mapping in it a core is small.
        RunningProcess process = new ProcessRun("bash",
            ["-c", "ulimit -c unlimited; echo 0 > /proc/self/coredump_filter; exec \"$@\"", "bash", ProgramUnderTest.Path,
                "sign", bench.Images[0], "--key", "pkcs11:token=Bench;object=rsa", "--cert", bench.Certificate("rsa"), "--pin-file", pin, "-o", _folder.At("out")])
        {
            Folder = _folder.Path,
            Environment = variables,
        }.Start();
        process.Until(() => File.Exists(mark), Patience).ShouldBeTrue();
        return process;
    }

    // Every mapping that the kernel would put into a core with all bits of its filter set (VmFlags 'dd' is MADV_DONTDUMP).
    private static (long Dumped, string[] Places) Search(int process, byte[] wanted)
    {
        var places = new List<string>();
        long dumped = 0;
        using var memory = new FileStream($"/proc/{process}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        string mapping = "";
        foreach (string line in File.ReadLines($"/proc/{process}/smaps").ToArray())
        {
            if (!line.StartsWith("VmFlags:", StringComparison.Ordinal))
            {
                mapping = line.Length > 0 && char.IsAsciiHexDigitLower(line[0]) && line.Contains('-') ? line : mapping;
                continue;
            }
            string[] bounds = mapping.Split(' ')[0].Split('-');
            if (mapping.Split(' ')[1][0] != 'r' || line.Split(' ').Contains("dd"))
                continue;
            long first = long.Parse(bounds[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture), end = long.Parse(bounds[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            byte[] bytes = new byte[end - first];
            try
            {
                memory.Seek(first, SeekOrigin.Begin);
                memory.ReadExactly(bytes);
            }
            catch (Exception cause) when (cause is IOException or ArgumentException)
            {
                continue;
            }
            dumped += bytes.Length;
            if (bytes.AsSpan().IndexOf(wanted) >= 0)
                places.Add(mapping);
        }
        return (dumped, [.. places]);
    }
}
