using KexecSign.Commands.Simulate;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;

namespace KexecSign.Tests.Commands.Simulate;

public sealed class SimulatedSizeTests : IDisposable
{
    private readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_file_that_is_too_large_to_be_simulated_is_not_read()
    {
        const long length = (1L << 30) + 1;
        string large = _bench.Folder.File("large", TestImage.Arm64().Bytes);
        using (FileStream file = File.OpenWrite(large))
            file.SetLength(length);
        Refusal.Of(
            "KS3650", () => SimulateOperation.Definition.Run(new() { File = large, Abi = ParserAbi.V6 }, _bench.Context),
            $"0x{length:x} bytes long", $"at most 0x{1L << 30:x}", "Give a kernel image");
    }
}
