using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>
/// Runs a program. Every access is checked against the regions of the address space, the number of instructions is
/// bounded, and what goes wrong is a <see cref="BpfTrap"/> that <see cref="Run"/> turns into a fault with its place.
/// </summary>
internal sealed partial class BpfMachine
{
    /// <summary>Instructions that a run may take; parsers copy with helpers and need a few thousand.</summary>
    public const long DefaultBudget = 1L << 26;

    /// <summary>MAX_CALL_FRAMES.</summary>
    private const int MaxFrames = 8;

    /// <summary>MAX_BPF_STACK: of one frame, and of all frames of a chain of calls together.</summary>
    private const int StackSize = 512;

    // A value that is no address: kernels leave r1 to r5 undefined after a call, and the verifier does not let them be read.
    private const ulong Clobbered = 0x0BAD_0BAD_0BAD_0BAD;
    private const ulong FunctionTag = 0x00F0_0000_0000_0000;
    private const int RegisterCount = 11;

    private readonly BpfProgram _program;
    private readonly BpfEnvironment _environment;
    private readonly Region[] _stacks = new Region[MaxFrames];
    private readonly ulong[] _registers = new ulong[MaxFrames * RegisterCount];
    private readonly int[] _returns = new int[MaxFrames];
    private readonly List<HeldObject> _held = [];
    private int _frame;
    private int _pc;
    private long _budget;
    private readonly long _wholeBudget;

    public BpfMachine(BpfProgram program, AddressSpace memory, BpfEnvironment environment, long budget = DefaultBudget)
    {
        _program = program;
        _environment = environment;
        _budget = _wholeBudget = budget;
        Memory = memory;
        for (int i = 0; i < MaxFrames; i++)
            _stacks[i] = memory.Add(new()
            {
                Name = $"the stack of frame {i}",
                Bytes = new byte[StackSize],
                Access = RegionAccess.ReadWrite,
                Aligned = true,
                HasNeighbours = true,
            });
    }

    public AddressSpace Memory { get; }

    /// <summary>Where the program is.</summary>
    public BpfLocation Here => _program.At(_pc);

    /// <summary>Instructions that were run.</summary>
    public long Steps => _wholeBudget - _budget;

    /// <summary>The constant that stands for a function of the program.</summary>
    public static long FunctionConstant(int slot) => unchecked((long)(FunctionTag | (uint)slot));

    /// <summary>Runs the program with r1 set; r0 at the end, or the fault.</summary>
    public BpfRun Run(ulong context)
    {
        try
        {
            _registers[1] = context;
            ulong result = Execute(0);
            if (_held.Count > 0)
            {
                HeldObject held = _held[0];
                throw new BpfTrap(BpfRules.Unreleased, held.What, held.TakenAt);
            }
            return new(result, null);
        }
        catch (BpfTrap trap)
        {
            return new(0, trap.Fault.At is null ? trap.Fault with { At = Here } : trap.Fault);
        }
        finally
        {
            foreach (Region stack in _stacks)
                Memory.Free(stack);
        }
    }

    /// <summary>Calls a function of the program from a helper, as bpf_loop() does.</summary>
    public ulong CallBack(ulong function, ulong first, ulong second)
    {
        ulong index = function ^ FunctionTag;
        if (index >= (ulong)_program.Code.Length || _program.Code[index].Op == Op.None)
            throw new BpfTrap(BpfRules.BadArgument, "a callback", $"0x{function:x} is no function of the program");
        int slot = (int)index, caller = _pc;
        Enter(slot, caller);
        Span<ulong> frame = _registers.AsSpan(_frame * RegisterCount, RegisterCount);
        frame[1] = first;
        frame[2] = second;
        ulong result = Execute(slot);
        _pc = caller;
        return result;
    }

    /// <summary>Notes that the program was given something it must give back.</summary>
    public void Hold(ulong pointer, string what, object tag)
    {
        _held.Add(new(pointer, what, _pc, tag));
    }

    /// <summary>Takes back what <see cref="Hold"/> gave.</summary>
    /// <exception cref="BpfTrap">KS4558 when it is not held.</exception>
    public T Release<T>(ulong pointer, string by)
        where T : class
    {
        for (int i = 0; i < _held.Count; i++)
        {
            if (_held[i].Pointer == pointer && _held[i].Tag is T tag)
            {
                _held.RemoveAt(i);
                return tag;
            }
        }
        Region? region = Memory.Find(pointer, out _);
        throw new BpfTrap(BpfRules.NotHeld, by, pointer, region is null ? "nothing"
            : region.IsAlive ? $"in {region.Name} and was not handed out"
            : "given back already");
    }

    /// <summary>What is held at a pointer.</summary>
    /// <exception cref="BpfTrap">KS4559 when nothing is.</exception>
    public T Held<T>(ulong pointer, string by, string what)
        where T : class
    {
        foreach (HeldObject held in _held)
        {
            if (held.Pointer == pointer && held.Tag is T tag)
                return tag;
        }
        throw new BpfTrap(BpfRules.BadArgument, by, $"0x{pointer:x} is not {what} that the program holds");
    }

    private void Enter(int slot, int returnTo)
    {
        if (_frame + 1 == MaxFrames)
            throw new BpfTrap(BpfRules.StackDepth, $"call depth {MaxFrames + 1}", MaxFrames);
        int used = 0;
        for (int i = 0; i <= _frame; i++)
            used += StackUse(i == 0 ? 0 : _entries[i]);
        used += StackUse(slot);
        if (used > StackSize)
            throw new BpfTrap(BpfRules.StackDepth, $"{used} bytes of stack in the frames of nested functions", StackSize);
        _frame++;
        _returns[_frame] = returnTo;
        _entries[_frame] = slot;
        int at = _frame * RegisterCount;
        Array.Fill(_registers, Clobbered, at, RegisterCount - 1);
        _registers[at + 10] = _stacks[_frame].Address + StackSize;
    }

    private readonly record struct HeldObject(ulong Pointer, string What, int TakenAt, object Tag);
}

/// <summary>How a program ended.</summary>
/// <param name="Result">r0; 0 after a fault.</param>
/// <param name="Fault">Why it was stopped.</param>
internal sealed record BpfRun(ulong Result, BpfFault? Fault);
