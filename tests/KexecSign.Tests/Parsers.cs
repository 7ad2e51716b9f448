using KexecSign.Fixtures;

namespace KexecSign.Tests;

/// <summary>Parser objects made by the real compiler from two arrays, as the kernel's tools/kexec Makefile does.</summary>
internal static class Parsers
{
    public static string Compile(TempFolder folder, string hook = "kexec_image_parser_anchor")
    {
        string source = folder.File("parser.c", System.Text.Encoding.ASCII.GetBytes($$"""
            const char opts_data[] __attribute__((__aligned__(8))) = "\1\2fentry.s/{{hook}}\0\3";
            const char opts_insn[] __attribute__((__aligned__(8))) = "\xbf\x16\0\0\0\0\0\0\x95\0\0\0\0\0\0\0";
            """)), target = folder.At($"parser-{hook}.o");
        Tool.Run("aarch64-linux-gnu-gcc", "-O2", "-c", source, "-o", target);
        return target;
    }
}
