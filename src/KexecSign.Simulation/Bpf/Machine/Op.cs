namespace KexecSign.Simulation.Bpf.Machine;

/// <summary>
/// What an instruction does, once decoded. Where the second operand comes from is a flag of the instruction, so register
/// and constant forms share one value.
/// </summary>
internal enum Op : byte
{
    /// <summary>Second slot of a 64-bit load: no program may come here.</summary>
    None,

    Add64, Sub64, Mul64, Div64, SDiv64, Mod64, SMod64, Or64, And64, Xor64, Lsh64, Rsh64, Arsh64, Neg64, Mov64,
    MovSx8To64, MovSx16To64, MovSx32To64,
    Add32, Sub32, Mul32, Div32, SDiv32, Mod32, SMod32, Or32, And32, Xor32, Lsh32, Rsh32, Arsh32, Neg32, Mov32,
    MovSx8To32, MovSx16To32,
    ToLittle16, ToLittle32, ToBig16, ToBig32, Swap64, Swap16, Swap32, Nop,

    Jump, JumpEqual, JumpNotEqual, JumpSet, JumpGreater, JumpGreaterEqual, JumpLess, JumpLessEqual,
    JumpSGreater, JumpSGreaterEqual, JumpSLess, JumpSLessEqual,
    Jump32Equal, Jump32NotEqual, Jump32Set, Jump32Greater, Jump32GreaterEqual, Jump32Less, Jump32LessEqual,
    Jump32SGreater, Jump32SGreaterEqual, Jump32SLess, Jump32SLessEqual,
    JumpMay,

    Load8, Load16, Load32, Load64, LoadS8, LoadS16, LoadS32, Store8, Store16, Store32, Store64,
    Atomic32, Atomic64,
    LoadConstant,

    CallHelper, CallKfunc, CallLocal, Exit,
}
