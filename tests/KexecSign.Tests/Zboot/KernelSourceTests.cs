using KexecSign.Commands.Zboot;
using KexecSign.Fixtures;
using KexecSign.Zboot;

namespace KexecSign.Tests.Zboot;

public sealed class KernelSourceTests : IDisposable
{
    private static readonly string[] Needed =
    [
        "Makefile", "Kbuild", "Kconfig", "arch/arm64/Makefile", "arch/arm64/boot/Makefile", "arch/x86/Kconfig", "arch/x86/entry/syscalls/syscall_64.tbl",
        "drivers/firmware/efi/libstub/Makefile.zboot", "drivers/net/Kconfig.debug", "include/linux/lib.h", "kernel/bounds.c", "lib/Kconfig", "scripts/config",
    ];

    private static readonly string[] Others = ["drivers/net/lib/x.c", "arch/x86/Makefile", "sound/Makefile", "arch/arm64x/y.c"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-source-");

    private string Tree => Path.Combine(_folder.FullName, "linux-6.99");

    private string Target => Path.Combine(_folder.FullName, "target");

    [SkippableFact]
    public void Takes_only_what_a_stub_needs_from_an_archive()
    {
        MakeTree();
        Pack();
        Unpack(Tree + ".tar.xz", whole: false);
        Files(Target).ShouldBe(Needed.Order(StringComparer.Ordinal));
        Unpack(Tree + ".tar.xz", whole: true);
        Files(Target).ShouldBe(Needed.Concat(Others).Order(StringComparer.Ordinal));
    }

    [SkippableFact]
    public void Takes_the_same_from_a_folder_and_nothing_that_a_build_left_there()
    {
        MakeTree();
        foreach (string built in new[] { ".config", "include/config/auto.conf", "include/generated/x.h", "lib/x.o", "lib/.x.o.cmd", "arch/arm64/include/generated/y.h" })
            Put(built);
        File.CreateSymbolicLink(Path.Combine(Tree, "scripts/link"), "config");
        // Whole trees have some of these (scripts/dtc/include-prefixes/arm64).
        Directory.CreateSymbolicLink(Path.Combine(Tree, "scripts/prefixes"), "../arch/arm64");
        string[] before = Files(Tree);
        Unpack(Tree, whole: false);
        Files(Target).ShouldBe([.. Needed.Concat(["scripts/link", "scripts/prefixes/Makefile", "scripts/prefixes/boot/Makefile"]).Order(StringComparer.Ordinal)]);
        new FileInfo(Path.Combine(Target, "scripts/link")).LinkTarget.ShouldBe("config");
        new FileInfo(Path.Combine(Target, "scripts/prefixes")).LinkTarget.ShouldBe("../arch/arm64");
        Files(Tree).ShouldBe(before);
    }

    [SkippableFact]
    public void Refuses_what_is_no_kernel_source()
    {
        MakeTree();
        File.Delete(Path.Combine(Tree, "drivers/firmware/efi/libstub/Makefile.zboot"));
        Refusal.Of("KS3113", () => Unpack(Tree, whole: true)).Message.ShouldContain("Makefile.zboot is not in it");
        File.WriteAllText(Tree + ".tar.xz", "no archive");
        Tool.Require("xz");
        Refusal.Of("KS5003", () => Unpack(Tree + ".tar.xz", whole: false)).Message.ShouldContain("xz: (stdin): File format not recognized");
    }

    [SkippableFact]
    public void A_source_whose_configuration_drops_zboot_is_refused_before_anything_is_compiled()
    {
        Tool.Require("make", "aarch64-linux-gnu-gcc", "flex", "bison", "bc");
        MakeTree();
        File.WriteAllText(
            Path.Combine(Tree, "Makefile"),
            "defconfig:\n\techo CONFIG_ARM64=y > $(O)/.config\nolddefconfig:\n\tsed -i /EFI_ZBOOT/d $(O)/.config\n");
        string kit = Path.Combine(_folder.FullName, "old.kit");
        Refusal.Of(
            "KS3111",
            () => ZbootKitOperation.Definition.Run(new() { Source = Tree, Architecture = "arm64", Output = kit }, CapturedKit.Context()),
            "does not keep CONFIG_EFI_ZBOOT=y", "Linux 6.1 or later", "--config");
        File.Exists(kit).ShouldBeFalse();
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private void MakeTree()
    {
        foreach (string name in Needed.Concat(Others))
            Put(name);
    }

    private void Pack()
    {
        Tool.Require("xz");
        Tool.RunIn(_folder.FullName, "tar", "cJf", Tree + ".tar.xz", "linux-6.99");
    }

    private void Put(string name)
    {
        string path = Path.Combine(Tree, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, name);
    }

    private void Unpack(string source, bool whole) =>
        new KernelSource(source, StubTarget.Arm64).UnpackTo(Target, whole, Path.Combine(_folder.FullName, "log"), CapturedKit.Context());

    private static string[] Files(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
            .Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal)];
}
