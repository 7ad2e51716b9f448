using System.Text.RegularExpressions;
using KexecSign.Fixtures;
using KexecSign.Tests.Zboot;

namespace KexecSign.Tests.Judging.Appended;

/// <summary>Files of Debian's kernel source, unpacked once for the tests that hold the models against them.</summary>
public sealed class KernelTree : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-tree-");
    private readonly Lazy<bool> _unpacked;

    public KernelTree() => _unpacked = new(Unpack);

    public string Folder => _unpacked.Value ? _folder.FullName : "";

    /// <summary>A file of the tree; null when there is none.</summary>
    public string? Find(string path) => File.Exists(Path.Combine(Folder, path)) ? File.ReadAllText(Path.Combine(Folder, path)) : null;

    public string Read(string path) => Find(path).ShouldNotBeNull(path);

    /// <summary>All C files of an architecture's kernel folder that speak of kexec, one behind the other.</summary>
    public string KexecSources(string architecture) =>
        string.Concat(Directory.GetFiles(Path.Combine(Folder, "arch", architecture, "kernel"), "*kexec*.c").Order(StringComparer.Ordinal).Select(File.ReadAllText));

    /// <summary>The text of one function, from its first line to the brace in the first column.</summary>
    public string Function(string path, string name)
    {
        Match found = Regex.Match(Read(path), @"^[a-z][^\n;]*\b" + name + @"\(.*?^}\n", RegexOptions.Singleline | RegexOptions.Multiline);
        found.Success.ShouldBeTrue($"{name} in {path}");
        return found.Value;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private bool Unpack()
    {
        string archive = DebianCache.Require(DebianCache.Source, "Debian's linux-source-6.12");
        Tool.Require("xz");
        Tool.Run("tar", "xJf", archive, "-C", _folder.FullName, "--strip-components=1", "--wildcards",
            "*/arch/*/Kconfig", "*/arch/s390/kernel/*kexec*.c", "*/arch/powerpc/kernel/ima_arch.c", "*/arch/riscv/kernel/*kexec*.c", "*/arch/loongarch/kernel/*kexec*.c",
            "*/arch/arm64/kernel/*kexec*.c", "*/kernel/module_signature.c", "*/kernel/kexec_file.c", "*/kernel/Kconfig.kexec", "*/include/linux/module_signature.h",
            "*/security/integrity/ima/ima_modsig.c", "*/security/integrity/ima/ima_appraise.c");
        return true;
    }
}
