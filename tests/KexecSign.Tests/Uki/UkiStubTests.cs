using KexecSign.Fixtures;
using KexecSign.Uki;

namespace KexecSign.Tests.Uki;

public sealed class UkiStubTests
{
    // i386: systemd has no stub of it for 64-bit kernels, and none is looked for.
    [Fact]
    public void A_machine_without_stub_is_named() => Refusal.Of("KS3662", () => UkiStub.Installed(0x014C), "i386");
}
