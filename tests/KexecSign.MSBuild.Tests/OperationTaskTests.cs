using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Formats.Errors;
using Microsoft.Build.Framework;

namespace KexecSign.MSBuild.Tests;

public sealed partial class OperationTaskTests
{
    private readonly BuildEngine _engine = new();

    [Fact]
    public void Properties_reach_the_options_by_name_with_absolute_paths()
    {
        FakeOptions? seen = null;
        using var task = new FakeTask((options, _) => Seen(options)) { BuildEngine = _engine, Key = "pkcs11:object=x", Output = "out/file" };
        task.Execute().ShouldBeTrue();
        seen.ShouldNotBeNull().Key.ShouldBe("pkcs11:object=x");
        seen.Output.ShouldBe(Path.GetFullPath("out/file"));

        FakeResult Seen(FakeOptions options)
        {
            seen = options;
            return new("done", ExitCode.Done, []);
        }
    }

    [Fact]
    public void A_key_file_becomes_absolute_and_keeps_its_scheme()
    {
        var values = new OptionValues(path => "/project/" + path);
        values.Option("key", "file:a.pem", OptionKind.KeyReference);
        values.Option("key", "b.pem", OptionKind.KeyReference);
        values.Option("key", "pkcs11:object=c", OptionKind.KeyReference);
        values.Options.Select(option => option.Value).ShouldBe(["file:/project/a.pem", "/project/b.pem", "pkcs11:object=c"]);
    }

    [Fact]
    public void A_refusal_is_an_error_with_code_and_file()
    {
        using var task = new FakeTask((_, _) => throw FormatErrors.OutsideFile.With(1, 2, 3).In("Image")) { BuildEngine = _engine };
        task.Execute().ShouldBeFalse();
        BuildErrorEventArgs error = _engine.Errors.ShouldHaveSingleItem();
        error.Code.ShouldBe("KS1001");
        error.File.ShouldBe("Image");
        error.Message.ShouldBe("bytes at 0x1 (0x2 of them) are needed but the file is 0x3 bytes long. " + FormatErrors.OutsideFile.Mend);
    }

    [Fact]
    public void The_way_out_is_in_the_words_of_a_project()
    {
        using var task = new FakeTask((_, _) => throw OperationErrors.OutputIsInput.With().In("Image")) { BuildEngine = _engine };
        task.Execute().ShouldBeFalse();
        _engine.Errors.ShouldHaveSingleItem().Message.ShouldBe("the output is the input. Give another Output, or say InPlace=\"true\".");
    }

    [Fact]
    public void Notes_of_a_failed_result_are_errors_under_their_own_codes()
    {
        using var task = new FakeTask((_, _) => new("t", ExitCode.SomeFailed, ["KS1001: a: bad {0}", "and more"])) { BuildEngine = _engine };
        task.Execute().ShouldBeFalse();
        _engine.Errors.Select(error => (error.Code, error.Message)).ShouldBe([("KS1001", "a: bad {0}"), ("KS6001", "and more")]);
    }

    [Fact]
    public void A_warning_carries_its_code()
    {
        using var task = new FakeTask((_, context) =>
        {
            context.Log.Warning("KS2031: careful");
            return new("t", ExitCode.Done, []);
        })
        { BuildEngine = _engine };
        task.Execute().ShouldBeTrue();
        _engine.Warnings.ShouldHaveSingleItem().Code.ShouldBe("KS2031");
        _engine.Warnings[0].Message.ShouldBe("careful");
    }

    [Fact]
    public void Cancelling_reaches_the_operation()
    {
        using var task = new FakeTask((_, context) =>
        {
            context.Cancellation.ThrowIfCancellationRequested();
            return new("t", ExitCode.Done, []);
        })
        { BuildEngine = _engine };
        task.Cancel();
        task.Execute().ShouldBeFalse();
        _engine.Errors.ShouldHaveSingleItem().Code.ShouldBe("KS3036");
    }

    [Fact]
    public void The_result_is_written_as_json_when_asked_for()
    {
        string file = Path.GetTempFileName();
        try
        {
            using var task = new FakeTask((_, _) => new("the title", ExitCode.Done, [])) { BuildEngine = _engine, ReportFile = file };
            task.Execute().ShouldBeTrue();
            JsonDocument.Parse(File.ReadAllBytes(file)).RootElement.GetProperty("Title").GetString().ShouldBe("the title");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_missing_input_is_told_by_a_real_task()
    {
        using var task = new KexecSign.MSBuild.Tasks.KexecSignZbootExtract
        {
            BuildEngine = _engine,
            File = new Microsoft.Build.Utilities.TaskItem("/nowhere/vmlinuz"),
            Output = "/nowhere/Image",
        };
        task.Execute().ShouldBeFalse();
        _engine.Errors.ShouldHaveSingleItem().Code.ShouldBe("KS3001");
        _engine.Errors[0].File.ShouldBe("/nowhere/vmlinuz");
    }

    public sealed record FakeOptions(string? Key, string? Output)
    {
        public FakeOptions()
            : this(null, null)
        {
        }
    }

    public sealed record FakeResult(string Title, [property: JsonIgnore] ExitCode Ends, [property: JsonIgnore] ImmutableArray<string> Notes) : OperationResult
    {
        public override ExitCode Exit => Ends;

        public override ReportView View() => new(Title, [], Notes);
    }

    [JsonSerializable(typeof(FakeResult))]
    internal sealed partial class FakeJson : JsonSerializerContext;

    private sealed class FakeTask(Func<FakeOptions, RunContext, FakeResult> body) : OperationTask(new Operation<FakeOptions, FakeResult>
    {
        Name = "fake",
        Summary = "Fakes.",
        MakeOptions = () =>
        [
            new("key", "KEY", "The key.", (o, v) => o with { Key = v }),
            new("o", "FILE", "The output.", (o, v) => o with { Output = v }),
        ],
        TypedResult = () => FakeJson.Default.FakeResult,
        Body = body,
    })
    {
        public string? Key { get; set; }

        public string? Output { get; set; }

        internal override void Give(OptionValues values)
        {
            values.Option("key", Key, OptionKind.KeyReference);
            values.Option("o", Output, OptionKind.PathOut);
        }
    }
}
