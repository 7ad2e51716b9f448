using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Parsers;

namespace KexecSign.Tests.Commands.Bpf;

/// <summary>
/// The built-in parsers before the verifier of the running kernel. No released kernel has the series' functions, so the
/// reference that they hand out is taken from bpf_cpumask_create, which has the same flags (acquire, may be null), and the
/// programs are loaded as programs of type syscall. All bounds, loops and references are judged as they will be.
/// </summary>
public sealed class KernelVerifierTests : IDisposable
{
    private const string Reference = """
        struct bpf_cpumask { int x; };
        extern struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
        extern void bpf_cpumask_release(struct bpf_cpumask *mask) __ksym;
        static volatile int answer;
        """;

    private static readonly (string Declared, string Instead)[] Functions =
    [
        ("extern int bpf_copy_to_kernel(const char *name, char *buffer, int size) __ksym;",
            Reference + "static __always_inline int bpf_copy_to_kernel(const char *name, char *buffer, int size) { return answer + buffer[0] + name[0]; }"),
        ("extern struct mem_range_result *bpf_decompress(char *compressed, int size) __ksym;",
            "static __always_inline struct mem_range_result *bpf_decompress(char *compressed, int size) { return (void *)bpf_cpumask_create(); }"),
        ("extern int bpf_mem_range_result_put(struct mem_range_result *result) __ksym;",
            "static __always_inline int bpf_mem_range_result_put(struct mem_range_result *result) { bpf_cpumask_release((void *)result); return 0; }"),
        ("extern struct bpf_parser_context *bpf_get_parser_context(unsigned long id) __ksym;",
            Reference + "static __always_inline struct bpf_parser_context *bpf_get_parser_context(unsigned long id) { return (void *)bpf_cpumask_create(); }"),
        ("extern void bpf_put_parser_context(struct bpf_parser_context *parser) __ksym;",
            "static __always_inline void bpf_put_parser_context(struct bpf_parser_context *parser) { bpf_cpumask_release((void *)parser); }"),
        ("extern int bpf_buffer_parser(char *buffer, int size, struct bpf_parser_context *parser) __ksym;",
            "static __always_inline int bpf_buffer_parser(char *buffer, int size, struct bpf_parser_context *parser) { return answer + buffer[0]; }"),
        ("fentry.s/bpf_handle_pefile", "syscall"),
        ("fentry.s/bpf_post_handle_pefile", "syscall"),
        ("fentry.s/kexec_image_parser_anchor", "syscall"),
    ];

    // The running kernel knows no struct kexec_context.
    private static readonly (string Declared, string Instead)[] Accessors =
    [
        ("#define __core __attribute__((preserve_access_index))", "#define __core"),
        ("__builtin_preserve_field_info(field, BPF_FIELD_EXISTS)", "1"),
        ("__builtin_preserve_access_index(&(field))", "&(field)"),
    ];

    private readonly Bench _bench = new();

    [SkippableTheory]
    [MemberData(nameof(BpfCompileTests.All), MemberType = typeof(BpfCompileTests))]
    public void It_takes_them(string name, string abi) => Load(name, abi, _ => { }).ShouldBeNull();

    [SkippableTheory]
    [InlineData("zboot", "image.h", "if (size > PAYLOAD_MAX)\n\t\trefuse(\"a part", "if (0)\n\t\trefuse(\"a part")]
    [InlineData("uki", "uki.bpf.c", "position > PAYLOAD_MAX || ", "")]
    [InlineData("uki", "kexec.h", "bpf_put_parser_context(session->parser);", "")]
    public void It_refuses_them_without_a_bound_or_with_a_leak(string name, string file, string part, string instead) =>
        Load(name, "v7", work => Replace(work.File(file), (part, instead))).ShouldNotBeNull();

    public void Dispose() => _bench.Dispose();

    /// <summary>What the verifier says against it; null when it is loaded.</summary>
    private string? Load(string name, string abi, Action<WorkFolder> change)
    {
        Tool.Require("clang", "bpftool");
        RequirePermission();
        using var work = WorkFolder.Open(_bench.Folder.Folder("harness"));
        BuiltInParsers.Write(work, name, default);
        change(work);
        Replace(work.File("kexec.h"), Functions);
        Replace(work.File("bpf.h"), Accessors);
        string pins = $"/sys/fs/bpf/kexecsign-test-{Guid.NewGuid():N}";
        Tool.Run("clang", "-g", "-O2", "-target", "bpf", "-mcpu=v3", "-w", $"-DKEXEC_ABI={abi[1..]}", "-c", work.File(BuiltInParsers.SourceOf(name)), "-o", work.File("h.o"));
        ToolAnswer answer = Tool.Ask(BpfTool, "prog", "loadall", work.File("h.o"), pins);
        if (answer.Exit == 0)
            Tool.Run("bash", "-c", $"rm -r '{pins}'");
        return answer.Exit == 0 ? null : answer.Output;
    }

    private static string BpfTool => File.Exists("/usr/sbin/bpftool") ? "/usr/sbin/bpftool" : "bpftool";

    private static void RequirePermission()
    {
        bool there = File.Exists("/sys/kernel/btf/vmlinux") && Tool.Ask("bash", "-c", "grep -aq bpf_cpumask_create /sys/kernel/btf/vmlinux").Exit == 0;
        Skip.IfNot(there, "the running kernel has no BTF, or is older than 6.3");
        bool may = Tool.Ask("bash", "-c", $"{{ mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf; }} && {BpfTool} prog list").Exit == 0;
        Skip.IfNot(may, "bpf(2) is not allowed here");
    }

    private static void Replace(string file, params ReadOnlySpan<(string Declared, string Instead)> parts)
    {
        string text = File.ReadAllText(file);
        foreach ((string declared, string instead) in parts)
        {
            text.ShouldContain(declared);
            text = text.Replace(declared, instead);
        }
        File.WriteAllText(file, text);
    }
}
