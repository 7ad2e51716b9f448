using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Elf;

namespace KexecSign.Simulation.Tests.Bpf;

/// <summary>Programs as LLVM makes them.</summary>
internal static class Llvm
{
    private const string Checks = """
        typedef unsigned long long u64; typedef unsigned int u32; typedef long long s64; typedef unsigned char u8;
        #define PROGRAM(n) __attribute__((section("in_" #n), used)) int n(void *ctx)
        static __attribute__((noinline)) u64 mix(u64 a, u64 b) { a ^= b >> 7; a *= 0x9e3779b97f4a7c15ULL; return a ^ (a >> 29); }
        PROGRAM(hashing) { u64 h = 1; for (int i = 0; i < 40; i++) h = (h ^ (i * 31)) * 1099511628211ULL; return h ^ (h >> 32); }
        PROGRAM(sorting) {
            volatile u8 v[16]; for (int i = 0; i < 16; i++) v[i] = (i * 73 + 11) & 255;
            for (int i = 0; i < 15; i++) for (int j = 0; j < 15; j++) if (v[j] > v[j + 1]) { u8 t = v[j]; v[j] = v[j + 1]; v[j + 1] = t; }
            u32 r = 0; for (int i = 0; i < 16; i++) r = r * 31 + v[i]; return r; }
        PROGRAM(dividing) { volatile u64 a = 0xfedcba9876543210ULL; volatile u32 b = 12345; return (u32)(a / b) ^ (u32)(a % b) ^ (u32)a / b; }
        PROGRAM(swapping) { volatile u64 a = 0x1122334455667788ULL; return __builtin_bswap64(a) >> 13 ^ __builtin_bswap32(a) ^ __builtin_bswap16(a); }
        PROGRAM(atomics) { u64 a = 5; __sync_fetch_and_add(&a, 7); u64 o = __sync_lock_test_and_set(&a, 3); return o * 16 + __sync_val_compare_and_swap(&a, 3, 9) + a; }
        PROGRAM(shifting) { volatile s64 a = -123456789012345LL; volatile int n = 9; return (a >> n) ^ ((int)a >> (n & 7)) ^ ((u32)a << n) ^ (u64)a >> 50; }
        PROGRAM(comparing) { volatile int a = -5; volatile u32 b = 7; int r = 0; if (a < (int)b) r |= 1; if ((u32)a > b) r |= 2; if ((s64)a < 0) r |= 4; if (a & 8) r |= 16; return r; }
        """;

    private static readonly string[] Sections = ["hashing", "sorting", "dividing", "swapping", "atomics", "shifting", "comparing"];

    /// <summary>What llvm-mc makes of assembler text; null for what it cannot read (14 lacks %=, &amp;, fetching atomics).</summary>
    public static byte[]? Assemble(string[] lines) =>
        Make("llvm-mc", string.Join('\n', lines) + "\n", out _, "-triple=bpfel", "-mattr=+alu32", "-filetype=obj", "-o") is { } elf ? Section(elf, ".text") : null;

    /// <summary>Programs that clang makes of C, for the instruction set versions that it knows.</summary>
    public static IEnumerable<byte[]> CompileChecks()
    {
        // Version 4 of the instruction set is clang 18's.
        foreach ((string clang, string version) in new[] { ("clang", "v1"), ("clang", "v2"), ("clang", "v3"), ("clang-19", "v4") })
        {
            if (version == "v4" && !Tool.Find(clang))
                continue;
            byte[] elf = Make(clang, Checks, out string errors, "-O2", "-target", "bpf", "-mcpu=" + version, "-x", "c", "-c", "-", "-o").ShouldNotBeNull(errors);
            foreach (string section in Sections)
                if (version is "v3" or "v4" || section != "atomics")
                    yield return Section(elf, "in_" + section);
        }
    }

    private static byte[] Section(byte[] elf, string name)
    {
        Elf64File file = Elf64File.Parse(elf);
        return file.Content(file.Sections.Single(s => s.Name == name)).ToArray();
    }

    private static byte[]? Make(string tool, string input, out string errors, params string[] arguments)
    {
        string output = Path.GetTempFileName();
        try
        {
            Tool.Require(tool);
            ProcessAnswer answer = new ProcessRun(tool, [.. arguments, output]) { Input = Encoding.UTF8.GetBytes(input) }.End();
            errors = answer.Error;
            return answer.Exit == 0 ? File.ReadAllBytes(output) : null;
        }
        finally
        {
            File.Delete(output);
        }
    }
}
