using System.Reflection;
using System.Text;
using KexecSign.Catalog;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Cli.Tests.Help;

public sealed class ErrorReferenceTests
{
    private static readonly FieldInfo[] Declared =
    [
        .. new[] { typeof(ErrorCode).Assembly, typeof(Keyring).Assembly, typeof(ErrorReference).Assembly, Assembly.Load("KexecSign.Simulation") }
            .SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(field => field.FieldType == typeof(ErrorCode)),
    ];

    [Fact]
    public void Every_code_is_listed()
    {
        Snapshot.Compare("src/KexecSign/Catalog/ErrorReference.cs", Source());
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") != "1")
            ErrorReference.All.ShouldBe(Declared.Select(field => (ErrorCode)field.GetValue(null)!), ignoreOrder: true);
    }

    [Fact]
    public void No_number_is_used_twice() => Declared.Select(Code).Select(code => code.Id).ShouldBeUnique();

    [Fact]
    public void Every_number_has_its_form() => Declared.Select(Code).ShouldAllBe(code => code.Id.Length == 6 && code.Id.StartsWith("KS"));

    [Fact]
    public void The_way_out_may_use_the_values_of_the_message() =>
        OperationErrors.OptionUnknown.With("sign", "--x", ".").Mend.ShouldBe("See 'kexecsign sign --help'.");

    [Fact]
    public void Every_code_is_a_line_of_sentences() =>
        Declared.Select(Code).Where(code => code.Says.Contains('\n') || code.Mend.Contains('\n') || !code.Mend.EndsWith('.')).Select(code => code.Id).ShouldBeEmpty();

    private static ErrorCode Code(FieldInfo field) => (ErrorCode)field.GetValue(null)!;

    private static string Source()
    {
        var text = new StringBuilder();
        text.Append("using System.Collections.Immutable;\n");
        foreach (string space in Declared.Select(field => field.DeclaringType!.Namespace!).Append("KexecSign.Formats.Errors").Distinct().Order(StringComparer.Ordinal))
        {
            if (space != "KexecSign.Catalog")
                text.Append($"using {space};\n");
        }
        text.Append("""

            namespace KexecSign.Catalog;

            /// <summary>
            /// Every error code there is, for the reference page. Written out, because finding them by reflection would not survive
            /// trimming; a test compares it with what reflection finds, and rewrites this file when <c>UPDATE_SNAPSHOTS=1</c>.
            /// </summary>
            public static class ErrorReference
            {
                /// <summary>All codes, by number.</summary>
                public static ImmutableArray<ErrorCode> All =>
                [

            """);
        foreach (FieldInfo field in Declared.OrderBy(field => Code(field).Id, StringComparer.Ordinal))
            text.Append($"        {field.DeclaringType!.Name}.{field.Name},\n");
        return text.Append("    ];\n}\n").ToString();
    }
}
