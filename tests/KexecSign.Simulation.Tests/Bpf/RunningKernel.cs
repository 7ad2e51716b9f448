using System.Runtime.InteropServices;

namespace KexecSign.Simulation.Tests.Bpf;

/// <summary>Loads programs into the running kernel and runs them there (BPF_PROG_LOAD, BPF_PROG_TEST_RUN).</summary>
internal static unsafe partial class RunningKernel
{
    private const int ProgLoad = 5, TestRun = 10, SocketFilter = 1;

    private static readonly string? Unavailable = Probe();

    /// <summary>The low 32 bits of r0; skips the test where programs may not be loaded.</summary>
    public static uint RunProgram(byte[] program)
    {
        Skip.If(Unavailable is not null, Unavailable);
        return Load(program, out string log, out int descriptor) ? Run(descriptor) : throw new InvalidOperationException(log);
    }

    private static string? Probe()
    {
        if (RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
            return "the number of the bpf system call is not known here";
        return Load(Assembler.Assemble("r0 = 1", "exit"), out string log, out int descriptor) && Run(descriptor) == 1
            ? null
            : $"the running kernel loads no programs here (bpf(2): {log})";
    }

    private static bool Load(byte[] program, out string log, out int descriptor)
    {
        byte[] attributes = new byte[144], text = new byte[1 << 16], license = [.. "GPL\0"u8];
        fixed (byte* code = program, name = license, buffer = text, attribute = attributes)
        {
            *(int*)attribute = SocketFilter;
            *(int*)(attribute + 4) = program.Length / 8;
            *(byte**)(attribute + 8) = code;
            *(byte**)(attribute + 16) = name;
            descriptor = (int)Bpf(ProgLoad, attribute, 72);
            if (descriptor < 0)
            {
                // Once more, for the verifier's reasons.
                *(int*)(attribute + 24) = 1;
                *(int*)(attribute + 28) = text.Length;
                *(byte**)(attribute + 32) = buffer;
                descriptor = (int)Bpf(ProgLoad, attribute, 72);
            }
            log = $"{Marshal.GetLastPInvokeErrorMessage()} {Marshal.PtrToStringUTF8((nint)buffer)}";
            return descriptor >= 0;
        }
    }

    private static uint Run(int descriptor)
    {
        byte[] attributes = new byte[80], packet = new byte[64];
        try
        {
            fixed (byte* data = packet, attribute = attributes)
            {
                *(int*)attribute = descriptor;
                *(int*)(attribute + 8) = packet.Length;
                *(byte**)(attribute + 16) = data;
                if (Bpf(TestRun, attribute, 80) < 0)
                    throw new InvalidOperationException(Marshal.GetLastPInvokeErrorMessage());
                return *(uint*)(attribute + 4);
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static nint Bpf(int command, byte* attributes, uint size) =>
        SystemCall(RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 280 : 321, command, (nint)attributes, (nint)size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
