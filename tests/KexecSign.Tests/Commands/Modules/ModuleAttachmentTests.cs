using KexecSign.Commands.Modules;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Commands.Modules;

public sealed class ModuleAttachmentTests : IDisposable
{
    private readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("no PKCS#7")]
    public void What_is_no_PKCS7_is_not_put_behind_a_module(string content)
    {
        string module = _bench.Folder.File("m.ko", new byte[1000]), signature = _bench.Folder.File("m.p7s", System.Text.Encoding.ASCII.GetBytes(content));
        Refusal.Of("KS3860", () => ModuleSignOperation.Definition.Run(new() { Files = [module], Signature = signature, InPlace = true }, _bench.Context),
            "no PKCS#7 that can stand behind a module", "sign-file -d").File.ShouldBe(signature);
        File.ReadAllBytes(module).ShouldBe(new byte[1000]);
    }
}
