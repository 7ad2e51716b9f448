using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace KexecSign.Keys.Pkcs11.Native;

/// <summary>
/// A signal handler as machine code. Managed code cannot be one: entering it may wait for the garbage collector, which may
/// wait for a lock that the crashed code holds, and a thread that runs managed code must not be entered at all. This makes
/// three system calls and touches nothing else: on the guarded thread it writes a message to standard error and ends the
/// process with exit code 1, on every other it goes on to the handler before it. Tests hold the bytes against an assembler.
/// </summary>
/// <remarks>
/// It reads a block of four 8-byte words: thread id (lower half), previous handler, message, its length.
/// </remarks>
internal static class CrashHandlerCode
{
    /// <summary>Bytes of the block that it reads.</summary>
    public const int BlockSize = 32;

    // endbr64; mov $BLOCK,%r10; mov $186,%eax (gettid); syscall; cmp (%r10),%eax; je 1f; jmp *8(%r10)
    // 1: mov $2,%edi; mov 16(%r10),%rsi; mov 24(%r10),%rdx; mov $1,%eax (write); syscall
    // mov $1,%edi; mov $231,%eax (exit_group); syscall
    private static ReadOnlySpan<byte> X64 =>
    [
        0xf3, 0x0f, 0x1e, 0xfa, 0x49, 0xba, 0, 0, 0, 0, 0, 0, 0, 0, 0xb8, 0xba, 0x00, 0x00, 0x00, 0x0f, 0x05, 0x41, 0x3b, 0x02,
        0x74, 0x04, 0x41, 0xff, 0x62, 0x08, 0xbf, 0x02, 0x00, 0x00, 0x00, 0x49, 0x8b, 0x72, 0x10, 0x49, 0x8b, 0x52, 0x18, 0xb8,
        0x01, 0x00, 0x00, 0x00, 0x0f, 0x05, 0xbf, 0x01, 0x00, 0x00, 0x00, 0xb8, 0xe7, 0x00, 0x00, 0x00, 0x0f, 0x05,
    ];

    // bti c; adr x10,2f; ldr x10,[x10]; mov x9,x0; mov x8,#178 (gettid); svc #0; ldr w11,[x10]; cmp w0,w11; b.eq 1f;
    // mov x0,x9; ldr x16,[x10,#8]; br x16
    // 1: mov x0,#2; ldr x1,[x10,#16]; ldr x2,[x10,#24]; mov x8,#64 (write); svc #0; mov x0,#1; mov x8,#94 (exit_group); svc #0
    // 2: .quad BLOCK
    private static ReadOnlySpan<byte> Arm64 =>
    [
        0x5f, 0x24, 0x03, 0xd5, 0x6a, 0x02, 0x00, 0x10, 0x4a, 0x01, 0x40, 0xf9, 0xe9, 0x03, 0x00, 0xaa, 0x48, 0x16, 0x80, 0xd2,
        0x01, 0x00, 0x00, 0xd4, 0x4b, 0x01, 0x40, 0xb9, 0x1f, 0x00, 0x0b, 0x6b, 0x80, 0x00, 0x00, 0x54, 0xe0, 0x03, 0x09, 0xaa,
        0x50, 0x05, 0x40, 0xf9, 0x00, 0x02, 0x1f, 0xd6, 0x40, 0x00, 0x80, 0xd2, 0x41, 0x09, 0x40, 0xf9, 0x42, 0x0d, 0x40, 0xf9,
        0x08, 0x08, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4, 0x20, 0x00, 0x80, 0xd2, 0xc8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4,
        0, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>The handler for a block; null for architectures that it is not written for.</summary>
    public static byte[]? For(nint block, Architecture architecture)
    {
        (byte[]? code, int at) = architecture switch
        {
            Architecture.X64 => (X64.ToArray(), 6),
            Architecture.Arm64 => (Arm64.ToArray(), 80),
            _ => (null, 0),
        };
        if (code is not null)
            BinaryPrimitives.WriteInt64LittleEndian(code.AsSpan(at), block);
        return code;
    }
}
