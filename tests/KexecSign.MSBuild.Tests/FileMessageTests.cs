using System.Text.Json.Serialization;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace KexecSign.MSBuild.Tests;

/// <summary>At detailed verbosity a build says which files a task was given to read, and which it left.</summary>
public sealed partial class FileMessageTests : IDisposable
{
    private readonly BuildEngine _engine = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("kexecsign-messages-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Names_what_was_read_and_what_was_written_at_low_importance()
    {
        string image = Made("Image"), cert = Made("db.pem"), pin = Made("pin"), config = Made("kexecsign.json", "{}");
        using var task = new CopyTask
        {
            BuildEngine = _engine,
            File = new TaskItem(image),
            Key = "pkcs11:object=db",
            Cert = "file:" + cert,
            PinFile = pin,
            Sections = [".osrel:" + image],
            ConfigFile = config,
            Output = At("signed"),
            ReportFile = At("report.json"),
        };

        task.Execute().ShouldBeTrue();

        Files().ShouldBe(
        [
            $"[input] {image}", $"[input] {cert}", $"[input] {pin}", $"[input] {config}",
            $"[output] {At("signed")}", $"[output] {At("report.json")}",
        ]);
    }

    [Fact]
    public void Names_a_file_that_was_changed_where_it_is_as_both()
    {
        string image = Made("Image");
        using var task = new CopyTask { BuildEngine = _engine, File = new TaskItem(image), InPlace = true };

        task.Execute().ShouldBeTrue();

        Files().ShouldBe([$"[input] {image}", $"[output] {image}"]);
    }

    [Fact]
    public void Names_nothing_that_is_not_there_and_nothing_written_by_a_dry_run()
    {
        string before = Made("signed");
        using var task = new CopyTask { BuildEngine = _engine, File = new TaskItem(At("nowhere")), Output = before, DryRun = true };

        task.Execute().ShouldBeTrue();

        Files().ShouldBeEmpty();
    }

    private string At(string name) => Path.Combine(_folder, name);

    private string Made(string name, string text = "")
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }

    private string[] Files() =>
        [.. _engine.Messages.Where(message => message.Importance is MessageImportance.Low).Select(message => message.Message!)];

    public sealed record CopyOptions
    {
        public string? Output { get; init; }
    }

    public sealed record CopyResult : OperationResult
    {
        public override ReportView View() => new("copied", [], []);
    }

    [JsonSerializable(typeof(CopyResult))]
    internal sealed partial class CopyJson : JsonSerializerContext;

    private sealed class CopyTask() : OperationTask(new Operation<CopyOptions, CopyResult>
    {
        Name = "copy",
        Summary = "Copies.",
        MakeArguments = () => [new("file", "The file.", (o, _) => o)],
        MakeOptions = () =>
        [
            new("key", "KEY", "The key.", (o, _) => o),
            new("cert", "CERT", "The certificate.", (o, _) => o),
            new("pin-file", "FILE", "The PIN.", (o, _) => o),
            new("section", "NAME:FILE", "A section.", (o, _) => o) { Repeatable = true },
            new("in-place", null, "Change the file.", (o, _) => o),
            new("o", "FILE", "The output.", (o, v) => o with { Output = v }),
        ],
        TypedResult = () => CopyJson.Default.CopyResult,
        Body = Write,
    })
    {
        public ITaskItem? File { get; set; }

        public string? Key { get; set; }

        public string? Cert { get; set; }

        public string? PinFile { get; set; }

        public string[] Sections { get; set; } = [];

        public bool InPlace { get; set; }

        public string? Output { get; set; }

        internal override void Give(OptionValues values)
        {
            values.Argument(File, OptionKind.PathIn);
            values.Option("key", Key, OptionKind.KeyReference);
            values.Option("cert", Cert, OptionKind.KeyReference);
            values.Option("pin-file", PinFile, OptionKind.PathIn);
            values.Option("section", Sections, OptionKind.NamedPath);
            values.Flag("in-place", InPlace);
            values.Option("o", Output, OptionKind.PathOut);
        }

        private static CopyResult Write(CopyOptions options, RunContext context)
        {
            if (options.Output is { } output && !context.DryRun)
                System.IO.File.WriteAllText(output, "");
            return new();
        }
    }
}
