using KexecSign.Catalog;
using KexecSign.Core.Operations;
using KexecSign.Formats.Errors;

namespace KexecSign.Tests.Core.Operations;

/// <summary>Whatever a command reads and writes by name: one path is never given for both.</summary>
public sealed class GivenPathsTests : IDisposable
{
    private readonly Bench _bench = new();

    public static TheoryData<string> Commands => [.. OperationCatalog.All.Where(Writes).Select(operation => operation.Name)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void No_command_writes_where_it_is_told_to_read(string name)
    {
        Operation operation = OperationCatalog.All.Single(operation => operation.Name == name);
        string path = _bench.Folder.File("both", "{}"u8);
        foreach (OptionSpec written in operation.Options.Where(option => option.Kind == OptionKind.PathOut))
        {
            foreach (object read in Readers(operation))
            {
                KexecSignException refused = Should.Throw<KexecSignException>(() => Request(operation, written, read, path), $"{name} {written.Typed} {read}");
                refused.Code.Id.ShouldBe(read is ArgumentSpec && written.Name == "o" ? "KS3005" : "KS3052", $"{name} {written.Typed} {read}");
                refused.Message.ShouldContain("/both");
            }
        }
        File.ReadAllText(path).ShouldBe("{}");
    }

    [Fact]
    public void The_commands_that_are_asked_are_many() => OperationCatalog.All.Count(Writes).ShouldBeGreaterThan(20);

    [Theory]
    [InlineData("-")]
    [InlineData("/dev/null")]
    [InlineData("/dev/fd/0")]
    public void Standard_input_and_output_are_two_things(string stream)
    {
        var request = new OperationRequest(OperationCatalog.BpfExtract);
        request.Give(OperationCatalog.BpfExtract.Arguments[0], stream);
        request.Set("o", stream);
        request.Complete(_bench.Context).ShouldNotBeNull();
    }

    public void Dispose() => _bench.Dispose();

    private static bool Writes(Operation operation) => operation.Options.Any(option => option.Kind == OptionKind.PathOut) && Readers(operation).Any();

    private static IEnumerable<object> Readers(Operation operation) =>
        [.. operation.Arguments.Where(argument => argument.Kind == OptionKind.PathIn), .. operation.Options.Where(option => option.Kind == OptionKind.PathIn)];

    // Whatever is required is there, so that nothing else is refused.
    private void Request(Operation operation, OptionSpec written, object read, string path)
    {
        var request = new OperationRequest(operation);
        request.Set(written.Name, Path.Combine(Path.GetDirectoryName(path)!, ".", Path.GetFileName(path)));
        foreach (ArgumentSpec argument in operation.Arguments.Where(argument => ReferenceEquals(argument, read) || argument.Required))
            request.Give(argument, ReferenceEquals(argument, read) ? path : "other");
        foreach (OptionSpec option in operation.Options.Where(option => option != written && (ReferenceEquals(option, read) || option.Required)))
            request.Set(option.Name, ReferenceEquals(option, read) ? path : option.Choices is [var choice, ..] ? choice : "other");
        request.Complete(_bench.Context);
    }
}
