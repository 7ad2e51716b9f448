using KexecSign.Commands.Signatures;
using KexecSign.Core.Operations;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;

namespace KexecSign.Tests.Core.Operations;

/// <summary>What every face gives an operation goes through one gate.</summary>
public sealed class OperationRequestTests
{
    [Fact]
    public void An_operation_of_one_file_takes_no_second()
    {
        var request = new OperationRequest(SignaturesListOperation.Definition);
        ArgumentSpec file = SignaturesListOperation.Definition.Arguments.ShouldHaveSingleItem();
        request.Give(file, "first.efi");
        Refusal.Of("KS3038", () => request.Give(file, "second.efi"), $"'signatures list' takes one {file.Name}", "'second.efi' is one more", "Run it once for each")
            .Code.Kind.ShouldBe(ErrorKind.Usage);
    }

    [Fact]
    public void An_empty_value_is_none()
    {
        var request = new OperationRequest(SignaturesListOperation.Definition);
        Refusal.Of("KS3037", () => request.Give(SignaturesListOperation.Definition.Arguments[0], ""), "'signatures list'", "empty value");
    }
}
