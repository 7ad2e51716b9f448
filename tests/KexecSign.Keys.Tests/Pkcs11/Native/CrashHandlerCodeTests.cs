using System.Runtime.InteropServices;
using KexecSign.Keys.Pkcs11.Native;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.Pkcs11.Native;

/// <summary>The bytes of the handler are what an assembler makes of its text.</summary>
public sealed class CrashHandlerCodeTests : IDisposable
{
    private const string X64 = """
        endbr64
        movabs $0x1122334455667788, %r10
        mov $186, %eax
        syscall
        cmp (%r10), %eax
        je 1f
        jmp *8(%r10)
        1: mov $2, %edi
        mov 16(%r10), %rsi
        mov 24(%r10), %rdx
        mov $1, %eax
        syscall
        mov $1, %edi
        mov $231, %eax
        syscall

        """;

    private const string Arm64 = """
        bti c
        adr x10, 2f
        ldr x10, [x10]
        mov x9, x0
        mov x8, #178
        svc #0
        ldr w11, [x10]
        cmp w0, w11
        b.eq 1f
        mov x0, x9
        ldr x16, [x10, #8]
        br x16
        1: mov x0, #2
        ldr x1, [x10, #16]
        ldr x2, [x10, #24]
        mov x8, #64
        svc #0
        mov x0, #1
        mov x8, #94
        svc #0
        2: .quad 0x1122334455667788

        """;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("kexecsign-asm-");

    public void Dispose() => _root.Delete(recursive: true);

    [SkippableTheory]
    [InlineData(Architecture.X64, "x86_64-linux-gnu", "")]
    [InlineData(Architecture.Arm64, "aarch64-linux-gnu", "-march=armv8.5-a")]
    public void Is_what_the_assembler_makes(Architecture architecture, string machine, string option)
    {
        string assembler = machine + "-as";
        Command.Require("/usr/bin/" + assembler, machine.StartsWith("x86", StringComparison.Ordinal) ? "binutils" : "binutils-aarch64-linux-gnu");
        string source = Path.Combine(_root.FullName, "a.s"), made = Path.Combine(_root.FullName, "a.o"), bytes = Path.Combine(_root.FullName, "a.bin");
        File.WriteAllText(source, architecture == Architecture.X64 ? X64 : Arm64);
        Command.Run(assembler, [.. option.Length > 0 ? (string[])[option] : [], source, "-o", made]).Exit.ShouldBe(0);
        Command.Run(machine + "-objcopy", "-O", "binary", "-j", ".text", made, bytes).Exit.ShouldBe(0);
        CrashHandlerCode.For(unchecked((nint)0x1122334455667788), architecture).ShouldBe(File.ReadAllBytes(bytes));
    }

    [Fact]
    public void There_is_none_for_other_architectures() => CrashHandlerCode.For(0, Architecture.S390x).ShouldBeNull();
}
