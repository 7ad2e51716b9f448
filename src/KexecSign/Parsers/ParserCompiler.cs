using System.Collections.Immutable;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Bpf;
using KexecSign.Programs;

namespace KexecSign.Parsers;

/// <summary>
/// From a parser's source to its light skeleton: clang, then <c>bpftool gen skeleton -L</c>. The same source gives the same
/// bytes in any folder on any host: the compiler sees relative names only.
/// </summary>
/// <param name="Abi">The series to compile for: 5, 6 or 7.</param>
/// <param name="Clang">The compiler.</param>
/// <param name="BpfTool">The skeleton generator.</param>
internal sealed record ParserCompiler(int Abi, SystemProgram Clang, SystemProgram BpfTool)
{
    // A skeleton is some 100 KiB of text.
    private const long LargestSkeleton = 64 << 20;

    private const string ObjectName = "parser.bpf.o";
    private const string SkeletonName = "parser.lskel.h";

    /// <summary>Macros given to the source.</summary>
    public ImmutableArray<string> Macros { get; init; } = [];

    /// <summary>Folders with headers.</summary>
    public ImmutableArray<string> Includes { get; init; } = [];

    /// <summary>Compiles.</summary>
    /// <param name="source">The source file.</param>
    /// <param name="work">Where intermediate files go; it holds the headers of the built-in parsers.</param>
    /// <param name="context">The run.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS1320-KS1322, KS5002, KS5003, KS5050.</exception>
    public LightSkeleton Compile(string source, WorkFolder work, RunContext context)
    {
        string full = Path.GetFullPath(source), folder = Path.GetDirectoryName(full)!;
        string[] maps = [.. new[] { folder, work.Path }.Distinct(StringComparer.Ordinal).Select(path => $"-ffile-prefix-map={path}=.")];
        new ChildProgram(
            Clang,
            [
                "-g", "-O2", "-target", "bpf", "-mcpu=v3", "-Wall", $"-DKEXEC_ABI={Abi}", .. Macros.Select(macro => "-D" + macro),
                "-fdebug-compilation-dir=.", .. maps, "-fno-ident",
                .. Includes.SelectMany(path => (string[])["-I", Path.GetFullPath(path)]), "-I", work.Path,
                "-c", Relative(full), "-o", work.File(ObjectName),
            ],
            context)
        { Folder = folder }.Run(context);
        Require(work, ObjectName, Clang);
        // The name of the skeleton is that of its maps, too, so it is always the same.
        new ChildProgram(BpfTool, ["gen", "skeleton", "-L", ObjectName, "name", "parser"], context)
        {
            Folder = work.Path,
            AnswerFile = work.File(SkeletonName),
        }.Run(context);
        Require(work, SkeletonName, BpfTool);
        return LightSkeleton.Parse(Encoding.Latin1.GetString(WholeFile.Read(work.File(SkeletonName), LargestSkeleton, "a light skeleton")));
    }

    // A name that begins with a dash would be an option.
    private static string Relative(string path) => Path.GetFileName(path) is ['-', ..] dashed ? "./" + dashed : Path.GetFileName(path);

    private static void Require(WorkFolder work, string file, SystemProgram program)
    {
        if (!File.Exists(work.File(file)))
            throw OperationErrors.CompilerLeftNothing.With(program.Name, file);
    }
}
