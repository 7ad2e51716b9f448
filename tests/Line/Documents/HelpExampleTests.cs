using KexecSign.Catalog;
using KexecSign.Fixtures;
using Xunit.Abstractions;

namespace KexecSign.Line.Tests.Documents;

/// <summary>The examples of <c>kexecsign help COMMAND</c>, each run as it stands in an empty folder that has what it names.</summary>
public sealed class HelpExampleTests(Reader reader, ITestOutputHelper output) : IClassFixture<Reader>
{
    // Beginning of an example, and why nobody should run it here.
    private static readonly Dictionary<string, string> LeftOut = new()
    {
        ["kexecsign sign grub.efi"] = "asks timestamp servers of the network; Signing/Timestamps has tests with one of its own",
        ["kexecsign boot "] = "starts a whole kernel in QEMU for minutes; BootCommandTests do",
        ["kexecsign zboot kit"] = "takes a kernel's source or build; ZbootKitCaptureTests have them",
        ["kexecsign bpf compile mine.bpf.c"] = "compiles the reader's own parser with clang 19; BpfCompileTests have both",
        ["kexecsign ima hash /etc/fstab"] = "writes to a file of this machine",
        ["kexecsign evm sign /usr/bin/su"] = "writes to a file of this machine",
        ["kexecsign evm verify /usr/bin/su"] = "that file has no such signature here",
        ["kexecsign ima apply --manifest linux-image.manifest --root /mnt/target"] = "writes to a mounted machine as root; the Disk tests do",
        ["kexecsign module verify /lib/modules/6.12.0"] = "this machine has no such kernel",
        ["kexecsign rpm "] = "needs finished RPMs; the Rpm tests build some",
        ["kexecsign agent --policy agent.json"] = "builds a Debian package; AgentTests start it",
        ["kexecsign audit verify"] = "an auditor's certificate is its own; AgentTests have one",
        ["kexecsign testset"] = "writes images of a whole kernel for minutes; TestsetTests do",
    };

    public static TheoryData<string, string> Examples
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach ((string operation, string example) in All.Where(row => Reason(row.Example) is null))
                data.Add(operation, example);
            return data;
        }
    }

    private static IEnumerable<(string Operation, string Example)> All =>
        OperationCatalog.All.SelectMany(operation => operation.Examples.Select(example => (operation.Name, example.CommandLine)));

    [SkippableTheory]
    [MemberData(nameof(Examples))]
    public void An_example_works_as_it_stands(string operation, string example)
    {
        ToolAnswer answer = reader.Help(operation, example);
        answer.Exit.ShouldBe(0, $"{example}\n{answer.Output}");
    }

    [Fact]
    public void What_is_left_out_has_a_reason_and_is_the_smaller_part()
    {
        (string Operation, string Example)[] left = [.. All.Where(row => Reason(row.Example) is not null)];
        foreach ((_, string example) in left)
            output.WriteLine($"{example}: {Reason(example)}");
        LeftOut.Keys.Where(key => !left.Any(row => row.Example.StartsWith(key, StringComparison.Ordinal))).ShouldBeEmpty("no such example any more");
        (All.Count() - left.Length).ShouldBeGreaterThan(60);
    }

    private static string? Reason(string example) =>
        LeftOut.FirstOrDefault(row => example.StartsWith(row.Key, StringComparison.Ordinal)).Value;
}
