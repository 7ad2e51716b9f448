using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace KexecSign.Fixtures;

/// <summary>
/// The project's parsers, and wrong ones made from them, as clang and bpftool make them: each is compiled once for all
/// tests.
/// </summary>
public static class ParserSources
{
    private static readonly ConcurrentDictionary<string, Lazy<byte[]>> Objects = new();

    /// <summary>A parser object.</summary>
    /// <param name="name">zboot or uki.</param>
    /// <param name="abi">5, 6 or 7.</param>
    /// <param name="file">The source file to change.</param>
    /// <param name="change">Text in it, and what stands there instead.</param>
    public static byte[] Object(string name, int abi, string? file = null, params (string From, string To)[] change)
    {
        string key = $"{name} {abi} {file} {string.Join('|', change)}";
        return Objects.GetOrAdd(key, _ => new(() => Build(name, abi, file, change))).Value;
    }

    /// <summary>A parser object made by another compiler, for another version of the instruction set.</summary>
    public static byte[] Object(string name, int abi, string clang, string cpu) =>
        Objects.GetOrAdd($"{name} {abi} {clang} {cpu}", _ => new(() => Build(name, abi, null, [], clang, cpu))).Value;

    private static byte[] Build(string name, int abi, string? file, (string From, string To)[] change, string clang = "clang", string cpu = "v3")
    {
        using var folder = new TempFolder();
        foreach (string source in Directory.EnumerateFiles(Path.Combine(Root(), "src", "parsers")))
        {
            string text = File.ReadAllText(source);
            if (Path.GetFileName(source) == file)
            {
                foreach ((string from, string to) in change)
                    text = text.Contains(from, StringComparison.Ordinal) ? text.Replace(from, to, StringComparison.Ordinal) : throw new InvalidOperationException($"'{from}' is not in {file}");
            }
            File.WriteAllText(folder.At(Path.GetFileName(source)), text);
        }
        // Small rings keep the tests fast; the images in them are small too.
        Tool.Run(
            clang, "-g", "-O2", "-target", "bpf", "-mcpu=" + cpu, $"-DKEXEC_ABI={abi}", "-DIMAGE_SIZE=0x400000", "-Wno-unused-function",
            "-c", folder.At(name + ".bpf.c"), "-o", folder.At("parser.o"));
        string skeleton = Tool.Run("/usr/sbin/bpftool", "gen", "skeleton", "-L", folder.At("parser.o"), "name", "parser");
        File.WriteAllText(
            folder.At("bytecode.c"),
            $"const char opts_data[] __attribute__((aligned(8))) = {Literal(skeleton, "data")};\nconst char opts_insn[] __attribute__((aligned(8))) = {Literal(skeleton, "insn")};\n");
        Tool.Run("aarch64-linux-gnu-gcc", "-c", folder.At("bytecode.c"), "-o", folder.At("bytecode.o"));
        return File.ReadAllBytes(folder.At("bytecode.o"));
    }

    // bpftool 7.1 assigns a literal inside a function, later ones define an array.
    private static string Literal(string skeleton, string name)
    {
        Match match = Regex.Match(skeleton, $@"(?:opts\.{name}s? = \(void \*\)|opts_{name}\[\][^=]*= )(""\\\n.*?"");", RegexOptions.Singleline);
        return match.Success ? match.Groups[1].Value : throw new InvalidOperationException($"no {name} in {skeleton[..Math.Min(400, skeleton.Length)]}");
    }

    private static string Root()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "KexecSign.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests are not below the solution");
        return folder;
    }
}
