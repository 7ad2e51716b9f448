using KexecSign.Commands.Bpf;
using KexecSign.Fixtures;

namespace KexecSign.Tests;

/// <summary>Parser objects as a build leaves them.</summary>
internal static class Parsers
{
    /// <summary>An object whose data names a hook and nothing else; no kernel would load it.</summary>
    public static string Compile(TempFolder folder, string hook = "kexec_image_parser_anchor", string also = "")
    {
        string source = folder.File("parser.c", System.Text.Encoding.ASCII.GetBytes($$"""
            const char opts_data[] __attribute__((__aligned__(8))) = "\1\2fentry.s/{{hook}}\0{{also}}\0\3";
            const char opts_insn[] __attribute__((__aligned__(8))) = "\xbf\x16\0\0\0\0\0\0\x95\0\0\0\0\0\0\0";
            """)), target = folder.At($"parser-{hook}.o");
        Tool.Run("aarch64-linux-gnu-gcc", "-O2", "-c", source, "-o", target);
        return target;
    }

    /// <summary>A built-in parser, compiled once for all tests.</summary>
    public static string BuiltIn(Bench bench, string name, string abi)
    {
        Tool.Require("clang", "bpftool");
        byte[] bytes = Compiled.GetOrAdd((name, abi), _ =>
        {
            string file = bench.Folder.At("compiled.o");
            BpfCompileOperation.Definition.Run(new() { Parser = name, Abi = abi, Output = file }, bench.Context);
            byte[] made = File.ReadAllBytes(file);
            File.Delete(file);
            return made;
        });
        return bench.Folder.File($"{name}.{abi}.o", bytes);
    }

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<(string, string), byte[]> Compiled = [];
}
