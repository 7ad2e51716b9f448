namespace KexecSign.Boot.Tests.Lab;

/// <summary>QEMU's machine of an architecture, as it starts a kernel by itself.</summary>
/// <param name="Program">QEMU.</param>
/// <param name="Machine">Its arguments.</param>
/// <param name="Console">The kernel's console.</param>
/// <param name="Tools">The compiler's name without <c>-gcc</c>, which is also the package's without <c>gcc-</c>.</param>
/// <param name="CompilerOptions">What a program without a libc needs there.</param>
internal sealed record Board(string Program, string[] Machine, string Console, string Tools, string[] CompilerOptions)
{
    public static Board Arm64 { get; } = new("qemu-system-aarch64", ["-cpu", "cortex-a57", "-machine", "virt,gic-version=max"], "ttyAMA0", "aarch64-linux-gnu", []);

    public static Board Amd64 { get; } = new("qemu-system-x86_64", ["-machine", "q35"], "ttyS0", "x86_64-linux-gnu", []);

    /// <summary>With QEMU's own OpenSBI. Nobody sets gp for a program without a libc, so the linker must not count on it.</summary>
    public static Board RiscV64 { get; } = new("qemu-system-riscv64", ["-machine", "virt"], "ttyS0", "riscv64-linux-gnu", ["-mno-relax"]);
}
