using System.Reflection;
using System.Text.Json;
using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace KexecSign.MSBuild.Tests;

/// <summary>The tasks are made from the operations' descriptions; here the sources are held against them, and what was built is tried.</summary>
public sealed class TaskTableTests
{
    public static TheoryData<string> Operations => [.. OperationCatalog.All.Select(operation => operation.Name)];

    private static string Tasks => Path.Combine(Root(), "src/KexecSign.MSBuild/Tasks");

    [Theory]
    [MemberData(nameof(Operations))]
    public void A_task_is_what_its_operation_says(string name)
    {
        Operation operation = OperationCatalog.All.Single(operation => operation.Name == name);
        Snapshot(Path.Combine(Tasks, TaskSource.TaskName(operation) + ".cs"), TaskSource.Of(operation));
    }

    [Fact]
    public void Every_task_is_offered_by_the_targets() =>
        Snapshot(
            Path.Combine(Root(), "src/KexecSign.MSBuild/build/KexecSign.MSBuild.Tasks.targets"),
            "<!-- Made from the operations' descriptions, as the tasks are. -->\n<Project>\n" + string.Concat(OperationCatalog.All.Select(TaskSource.UsingTask)) + "</Project>\n");

    [Fact]
    public void No_task_outlives_its_operation() =>
        Directory.GetFiles(Tasks, "*.cs").Select(Path.GetFileNameWithoutExtension).Except(OperationCatalog.All.Select(TaskSource.TaskName)).ShouldBeEmpty();

    [Theory]
    [MemberData(nameof(Operations))]
    public void Every_property_reaches_its_option_and_every_path_becomes_absolute(string name)
    {
        Operation operation = OperationCatalog.All.Single(operation => operation.Name == name);
        using OperationTask task = TaskOf(operation);
        task.Operation.ShouldBeSameAs(operation);
        foreach (PropertyInfo property in task.GetType().GetProperties().Where(property => property.CanWrite))
            Set(task, property);

        var values = new OptionValues(path => "/project/" + path);
        task.Give(values);

        foreach (OptionSpec option in TaskSource.Options(operation))
        {
            string value = values.Options.Where(given => given.Name == option.Name).ShouldHaveSingleItem($"--{option.Name}").Value;
            string said = TaskSource.PropertyName(option);
            // Each property was set to its own name, so that two that are mixed up are seen here.
            value.ShouldBe(option.Kind switch
            {
                OptionKind.Flag => "",
                OptionKind.Text or OptionKind.Number or OptionKind.Choice => said,
                OptionKind.TextOrFile => "@/project/" + said,
                OptionKind.NamedPath => "name:/project/" + said,
                OptionKind.PathIn or OptionKind.PathOut or OptionKind.Folder or OptionKind.KeyReference => "/project/" + said,
                _ => throw new ArgumentOutOfRangeException(nameof(name), option.Kind, null),
            }, $"--{option.Name}");
        }
        values.Options.Select(option => option.Name).Except(operation.Options.Select(option => option.Name)).ShouldBeEmpty();
        values.Arguments.Length.ShouldBe(operation.Arguments.Count);
    }

    [Fact]
    public void No_property_could_hold_a_pin() =>
        typeof(OperationTask).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(OperationTask)))
            .SelectMany(type => type.GetProperties()).Select(property => property.Name)
            .Where(name => name.Contains("Pin", StringComparison.Ordinal) && !name.EndsWith("PinEnv", StringComparison.Ordinal) && !name.EndsWith("PinFile", StringComparison.Ordinal))
            .ShouldBeEmpty();

    [Fact]
    public void A_dry_run_with_a_report_writes_the_plan()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        string report = Path.Combine(folder, "report.json");
        using OperationTask task = TaskOf(OperationCatalog.Sign);
        task.BuildEngine = new SilentEngine();
        task.DryRun = true;
        task.ReportFile = report;
        foreach (PropertyInfo property in task.GetType().GetProperties().Where(property => property.Name is "Files" or "Output" or "Key" or "Cert"))
            Set(task, property);

        task.Execute().ShouldBeTrue();

        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(report));
        document.RootElement.GetProperty("operation").GetString().ShouldBe("sign");
        File.ReadAllText(report).ShouldEndWith("}\n");
        Directory.Delete(folder, true);
    }

    // By name, so that this compiles where a task is still to be made.
    private static OperationTask TaskOf(Operation operation) =>
        (OperationTask)Activator.CreateInstance(typeof(OperationTask).Assembly.GetType("KexecSign.MSBuild.Tasks." + TaskSource.TaskName(operation)).ShouldNotBeNull())!;

    private static void Snapshot(string path, string wanted)
    {
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
            File.WriteAllText(path, wanted);
        (File.Exists(path) ? File.ReadAllText(path) : "").ShouldBe(wanted, $"{path}: UPDATE_SNAPSHOTS=1 dotnet test tests/KexecSign.MSBuild.Tests makes it anew");
    }

    private static void Set(OperationTask task, PropertyInfo property)
    {
        OptionSpec? option = task.Operation.Options.FirstOrDefault(option => TaskSource.PropertyName(option) == property.Name);
        string text = option?.Kind switch
        {
            OptionKind.TextOrFile => "@" + property.Name,
            OptionKind.NamedPath => "name:" + property.Name,
            _ => property.Name,
        };
        object? value = property.PropertyType switch
        {
            var type when type == typeof(string) => text,
            var type when type == typeof(bool) => true,
            var type when type == typeof(string[]) => new[] { text },
            var type when type == typeof(ITaskItem) => new TaskItem(text),
            var type when type == typeof(ITaskItem[]) => new ITaskItem[] { new TaskItem(text) },
            _ => null,
        };
        if (value is not null)
            property.SetValue(task, value);
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "KexecSign.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder.ShouldNotBeNull();
    }

    // Takes what a task logs, and keeps nothing.
    private sealed class SilentEngine : IBuildEngine
    {
        public bool ContinueOnError => false;

        public int LineNumberOfTaskNode => 0;

        public int ColumnNumberOfTaskNode => 0;

        public string ProjectFileOfTaskNode => "test.proj";

        public bool BuildProjectFile(string projectFileName, string[] targetNames, System.Collections.IDictionary globalProperties, System.Collections.IDictionary targetOutputs) => false;

        public void LogCustomEvent(CustomBuildEventArgs e)
        {
        }

        public void LogErrorEvent(BuildErrorEventArgs e)
        {
        }

        public void LogMessageEvent(BuildMessageEventArgs e)
        {
        }

        public void LogWarningEvent(BuildWarningEventArgs e)
        {
        }
    }
}
