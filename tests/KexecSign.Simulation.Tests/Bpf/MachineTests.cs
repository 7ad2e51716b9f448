using KexecSign.Simulation.Bpf;
using KexecSign.Simulation.Bpf.Machine;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Tests.Bpf;

public sealed class MachineTests
{
    public static TheoryData<string> Names => [.. Vector.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Computes_as_the_instruction_set_says(string name)
    {
        BpfRun run = Programs.Run(Assembler.Assemble(Vector.All[name].Lines));
        run.Fault.ShouldBeNull();
        run.Result.ShouldBe(Vector.All[name].Result);
    }

    // Two runs, because the kernel returns only 32 bits.
    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Computes_as_the_running_kernel_does(string name)
    {
        Vector vector = Vector.All[name];
        string[] upper = [.. vector.Lines.Select(l => l == "exit" && !vector.Name.Contains("local call", StringComparison.Ordinal) ? "r0 >>= 32;exit" : l)];
        byte[] low = Assembler.Assemble(vector.Lines);
        RunningKernel.RunProgram(low).ShouldBe((uint)(vector.Result & uint.MaxValue));
        if (upper.Count(l => l.Contains(';', StringComparison.Ordinal)) == 1)
            RunningKernel.RunProgram(Assembler.Assemble(upper.SelectMany(l => l.Split(';')))).ShouldBe((uint)(vector.Result >> 32));
    }

    [SkippableFact]
    public void The_vectors_are_what_llvm_assembles()
    {
        int known = 0;
        foreach (Vector vector in Vector.All.Values.Where(v => !v.NeedsVersion4 && !v.Name.Contains("local call", StringComparison.Ordinal)))
        {
            if (Llvm.Assemble(vector.Lines) is not { } assembled)
                continue;
            Assembler.Assemble(vector.Lines).ShouldBe(assembled, vector.Name);
            known++;
        }
        known.ShouldBeGreaterThan(60);
    }

    [Fact]
    public void Shows_instructions_as_they_are_written()
    {
        string[] lines =
        [
            "r0 = 5", "w1 += -3", "r2 s>>= 7", "r0 = *(u32 *)(r1 +4)", "*(u64 *)(r10 -8) = r1", "if r1 s<= 0 goto +2",
            "if w1 != w2 goto -1", "goto +3", "exit", "r3 = be16 r3", "r4 = -r4",
        ];
        foreach (string line in lines)
            Disassembler.Show(BpfInstruction.ReadAll(Assembler.Assemble(line.Replace("+4", "+ 4", StringComparison.Ordinal).Replace("-8", "- 8", StringComparison.Ordinal))), 0).ShouldBe(line);
    }

    [Fact]
    public void A_load_behind_the_stack_is_a_verdict_with_its_place()
    {
        BpfFault fault = Programs.FaultOf("r1 = r10", "r0 = *(u64 *)(r1 + 0)", "exit");
        fault.Rule.ShouldBe(BpfRules.WildPointer);
        fault.At!.Instruction.ShouldBe(1);
        fault.Sentence.ShouldBe("test instruction 1 'r0 = *(u64 *)(r1 +0)': a load of 8 bytes at "
            + $"0x{0xFFFF_8000_0000_0000 + (1UL << 34) + (1UL << 33) + 512:x}: that is offset 0x200 of the stack of frame 0, which is 0x200 bytes long.");
    }

    [Theory]
    [InlineData("r1 = 0", "r0 = *(u8 *)(r1 + 0)", "null pointer")]
    [InlineData("r1 = 0x1234567812345678 ll", "r0 = *(u8 *)(r1 + 0)", "nothing is there")]
    [InlineData("r1 = -1", "*(u8 *)(r1 + 0) = r1", "nothing is there")]
    [InlineData("r1 = r10", "*(u64 *)(r1 - 513) = r1", "before the stack")]
    public void A_wild_pointer_is_a_verdict(string first, string second, string why)
    {
        BpfFault fault = Programs.FaultOf("r0 = 0", first, second, "exit");
        fault.Rule.ShouldBe(BpfRules.WildPointer);
        fault.Says.ShouldContain(why);
        fault.At!.Instruction.ShouldBe(first.EndsWith("ll", StringComparison.Ordinal) ? 3 : 2);
    }

    [Fact]
    public void A_stack_access_must_be_aligned() =>
        Programs.FaultOf("r0 = *(u32 *)(r10 - 7)", "exit").Rule.ShouldBe(BpfRules.Misaligned);

    [Fact]
    public void An_atomic_access_must_be_aligned() =>
        Programs.FaultOf("r6 = 0", "call 1", "r1 = 1", "r6 = r0", "lock *(u32 *)(r0 + 1) += r1", "exit").Rule.ShouldBe(BpfRules.Misaligned);

    [Fact]
    public void An_endless_loop_is_a_verdict()
    {
        BpfFault fault = Programs.FaultOf("r0 = 0", "goto -1", "exit");
        fault.Rule.ShouldBe(BpfRules.Endless);
        fault.At!.Disassembly.ShouldBe("goto -1");
    }

    [Fact]
    public void Recursion_is_a_verdict()
    {
        var fault = Programs.FaultOf("call +1", "exit", "call -1", "exit");
        fault.Rule.ShouldBe(BpfRules.StackDepth);
    }

    [Fact]
    public void Frames_share_one_stack()
    {
        BpfFault fault = Programs.FaultOf("r1 = 0", "*(u64 *)(r10 - 400) = r1", "call +1", "exit", "r1 = 0", "*(u64 *)(r10 - 200) = r1", "r0 = 0", "exit");
        fault.Rule.ShouldBe(BpfRules.StackDepth);
        fault.Says.ShouldContain("640 bytes");
    }

    [Fact]
    public void An_object_that_is_kept_is_a_verdict()
    {
        BpfFault fault = Programs.FaultOf("call 1", "r0 = 0", "exit");
        fault.Rule.ShouldBe(BpfRules.Unreleased);
        fault.Says.ShouldContain("taken by instruction 0");
    }

    [Fact]
    public void An_object_is_given_back_once()
    {
        Programs.Run(Assembler.Assemble("call 1", "r1 = r0", "call 2", "r0 = 0", "exit")).Fault.ShouldBeNull();
        BpfFault fault = Programs.FaultOf("call 1", "r6 = r0", "r1 = r6", "call 2", "r1 = r6", "call 2", "exit");
        fault.Rule.ShouldBe(BpfRules.NotHeld);
        fault.Says.ShouldContain("given back already");
    }

    [Fact]
    public void What_was_given_back_cannot_be_used()
    {
        BpfFault fault = Programs.FaultOf("call 1", "r6 = r0", "r1 = r6", "call 2", "r0 = *(u8 *)(r6 + 0)", "exit");
        fault.Says.ShouldContain("gone");
        fault.At!.Instruction.ShouldBe(4);
    }

    [Fact]
    public void Arguments_are_gone_after_a_call() =>
        Programs.FaultOf("r1 = r10", "call +2", "r0 = *(u64 *)(r1 - 8)", "exit", "r0 = 0", "exit").Rule.ShouldBe(BpfRules.WildPointer);

    [Fact]
    public void A_helper_calls_back()
    {
        byte[] program = Assembler.Assemble("r6 = 40", "r1 = 0 ll", "call 3", "r0 += r6", "exit", "r6 = 7", "r0 = r1", "r0 += r2", "exit");
        // The constant is made a function: slot 6 seen from slot 1.
        program[9] |= 0x40;
        program[12] = 4;
        BpfRun run = Programs.Run(program);
        run.Fault.ShouldBeNull();
        run.Result.ShouldBe(43UL);
    }

    [Theory]
    [InlineData("r10 = 1", "frame pointer")]
    [InlineData("r0 /= 0", "constant zero")]
    [InlineData("r0 <<= 64", "wider")]
    [InlineData("w0 >>= 32", "wider")]
    [InlineData("goto +7", "leaves")]
    [InlineData("goto -9", "leaves")]
    [InlineData("r11 = 1", "no such register")]
    public void What_no_kernel_takes_is_refused(string line, string why)
    {
        BpfFault fault = Programs.FaultOf(line, "exit");
        fault.Rule.ShouldBe(BpfRules.BadInstruction);
        fault.Says.ShouldContain(why);
    }

    [Fact]
    public void A_jump_into_the_middle_of_a_load_is_refused() =>
        Programs.FaultOf("goto +1", "r0 = 5 ll", "exit").Says.ShouldContain("middle");

    [Fact]
    public void Random_bytes_never_escape_as_an_exception()
    {
        var random = new Random(20261121);
        int ended = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] program = new byte[8 * random.Next(1, 12)];
            random.NextBytes(program);
            // Registers that exist and opcodes that mostly do, so that programs get further than their first slot.
            for (int at = 0; at < program.Length; at += 8)
            {
                program[at] = Opcodes[random.Next(Opcodes.Length)];
                program[at + 1] = (byte)(random.Next(11) | (random.Next(11) << 4));
                if (random.Next(3) > 0)
                    program.AsSpan(at + 2, 6).Clear();
            }
            BpfRun run = Programs.Run(program, 10_000);
            ended += run.Fault is null ? 1 : 0;
        }
        ended.ShouldBeGreaterThan(0);
    }

    [SkippableFact]
    public void Programs_of_clang_give_what_the_running_kernel_gives()
    {
        foreach (byte[] program in Llvm.CompileChecks())
        {
            BpfRun run = Programs.Run(program);
            run.Fault.ShouldBeNull();
            RunningKernel.RunProgram(program).ShouldBe((uint)(run.Result & uint.MaxValue));
        }
    }

    private static byte[] Opcodes { get; } = [.. Enumerable.Range(0, 256).Select(i => (byte)i).Where(o => (o & 7) is not 0 || o == 0x18)];

    [Fact]
    public void Fifteen_million_instructions_do_not_allocate()
    {
        byte[] program = Assembler.Assemble("r0 = 0", "r1 = 5000000", "r0 += r1", "r1 -= 1", "if r1 != 0 goto -3", "exit");
        Programs.Run(program);
        long before = GC.GetAllocatedBytesForCurrentThread();
        BpfRun run = Programs.Run(program);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        run.Result.ShouldBe(12500002500000UL);
        allocated.ShouldBeLessThan(200_000);
    }

    [Fact]
    public void Bytes_that_are_moved_for_a_program_are_bounded_as_instructions_are()
    {
        var memory = new AddressSpace();
        Region region = memory.Add(new() { Name = "an image", Bytes = new byte[64 << 20], Access = RegionAccess.ReadWrite });
        int copies = 0;
        BpfTrap trap = Should.Throw<BpfTrap>(() =>
        {
            for (; copies < 100_000; copies++)
                memory.TryTake(region.Address, 64 << 20, out _);
        });
        trap.Fault.Rule.Id.ShouldBe("KS4555");
        trap.Fault.Says.ShouldContain("bytes that helpers and kfuncs move");
        copies.ShouldBeInRange(50, 1000);
    }
}
