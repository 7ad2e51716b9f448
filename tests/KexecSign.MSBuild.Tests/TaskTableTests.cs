using System.Reflection;
using KexecSign.Catalog;
using KexecSign.Core.Operations;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace KexecSign.MSBuild.Tests;

/// <summary>The tables that map properties to options are written by hand; here they are held against the operations.</summary>
public sealed class TaskTableTests
{
    // Looked at or set up by a person, not made by a build.
    private static readonly string[] NoTask = ["inspect", "signatures list", "zboot kit", "bpf inspect", "ima apply", "ima show", "rpm sign", "rpm verify", "keys init", "keys list", "keys export", "keys enroll", "uki inspect", "uki measure", "plan init", "plan merge", "demo", "provenance verify", "testset"];

    // A task host is another process: it does not have the build's descriptors.
    private static readonly string[] NoProperty = ["pin-fd"];

    public static TheoryData<string> Operations => [.. OperationCatalog.All.Select(operation => operation.Name).Except(NoTask)];

    [Theory]
    [MemberData(nameof(Operations))]
    public void Every_option_has_a_property_of_its_name_and_goes_through_the_table(string name)
    {
        Operation operation = OperationCatalog.All.Single(operation => operation.Name == name);
        using OperationTask task = TaskOf(name);
        task.Operation.ShouldBeSameAs(operation);

        var values = new OptionValues(path => path);
        foreach (PropertyInfo property in task.GetType().GetProperties().Where(property => property.CanWrite))
            Set(task, property);
        task.Give(values);

        string[] given = [.. values.Options.Select(option => option.Name)];
        foreach (OptionSpec option in operation.Options.Where(option => !NoProperty.Contains(option.Name)))
        {
            task.GetType().GetProperty(PropertyName(option.Name)).ShouldNotBeNull($"--{option.Name}");
            given.ShouldContain(option.Name);
            // Set() gives each property its own name as value, so a table that mixes two up is seen here.
            if (option.Value is not null)
                values.Options.First(value => value.Name == option.Name).Value.ShouldEndWith(PropertyName(option.Name));
        }
        given.Except(operation.Options.Select(option => option.Name)).ShouldBeEmpty();
        values.Arguments.Length.ShouldBe(operation.Arguments.Count);
    }

    [Fact]
    public void Every_task_is_offered_by_the_targets()
    {
        string targets = File.ReadAllText(Path.Combine(Root(), "src/KexecSign.MSBuild/build/KexecSign.MSBuild.targets"));
        foreach (Type task in typeof(OperationTask).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(OperationTask)) && !type.IsAbstract))
            targets.ShouldContain($"TaskName=\"{task.FullName}\"");
    }

    [Fact]
    public void No_property_could_hold_a_pin() =>
        typeof(OperationTask).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(OperationTask)))
            .SelectMany(type => type.GetProperties()).Select(property => property.Name)
            .Where(name => name.Contains("Pin", StringComparison.Ordinal) && !name.EndsWith("PinEnv", StringComparison.Ordinal) && !name.EndsWith("PinFile", StringComparison.Ordinal))
            .ShouldBeEmpty();

    private static OperationTask TaskOf(string operation)
    {
        string name = "KexecSign.MSBuild.Tasks.KexecSign" + string.Concat(operation.Split(' ').Select(Pascal));
        Type type = typeof(OperationTask).Assembly.GetType(name).ShouldNotBeNull($"'{operation}' has no task {name}");
        return (OperationTask)Activator.CreateInstance(type)!;
    }

    private static void Set(OperationTask task, PropertyInfo property)
    {
        object? value = property.PropertyType switch
        {
            var type when type == typeof(string) => property.Name,
            var type when type == typeof(bool) => true,
            var type when type == typeof(string[]) => new[] { property.Name },
            var type when type == typeof(ITaskItem) => new TaskItem(property.Name),
            var type when type == typeof(ITaskItem[]) => new ITaskItem[] { new TaskItem(property.Name) },
            _ => null,
        };
        if (value is not null)
            property.SetValue(task, value);
    }

    private static string PropertyName(string option) => option == "o" ? "Output" : string.Concat(option.Split('-').Select(Pascal));

    private static string Pascal(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "KexecSign.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder.ShouldNotBeNull();
    }
}
