using System.Buffers.Binary;
using KexecSign.Commands.Zboot;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Zboot;

namespace KexecSign.Tests.Zboot;

/// <summary>Compiles with the kernel's own makefiles: a minute, and two more where no reference images are cached.</summary>
[Trait("Category", "Slow")]
[Collection(CapturedKitCollection.Name)]
public sealed class ZbootKitCaptureTests(CapturedKit kit) : IDisposable
{
    // What capture-and-compare needs of the kernel's makefiles: the stock rules for vmlinuz.efi, without building vmlinux first.
    private const string ReferenceTarget = """

        PHONY += zbootref
        zbootref: zbootkit
        	$(Q)$(MAKE) $(build)=$(boot) $(boot)/vmlinuz.efi

        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-capture-");

    [SkippableFact]
    public void The_same_source_gives_the_same_kit_in_another_folder_and_a_build_folder_gives_the_same_stub()
    {
        string first = kit.Require();
        CapturedKit.Capture(At("second.kit"), At("another/folder"), jobs: 1);
        File.ReadAllBytes(At("second.kit")).ShouldBe(File.ReadAllBytes(first), $"if capturing was changed on purpose, delete {first}");

        ZbootKitOperation.Definition.Run(new ZbootKitOptions { BuildFolder = At("another/folder/build"), Output = At("third.kit") }, CapturedKit.Context());
        ZbootKitManifest fromBuild = ZbootKit.Open(At("third.kit")).Manifest, fromSource = ZbootKit.Open(first).Manifest;
        fromBuild.Stubs.ShouldBe([fromSource.Stubs.Single(s => s.Compression == ZbootCompression.Zstd)]);
        (fromBuild.KernelRelease, fromBuild.Compiler, fromBuild.Linker).ShouldBe((fromSource.KernelRelease, fromSource.Compiler, fromSource.Linker));
        Refusal.Of("KS3101", () => ZbootKitOperation.Definition.Run(
            new ZbootKitOptions { BuildFolder = At("another/folder/build"), Compressions = [ZbootCompression.Gzip], Output = At("fourth.kit") }, CapturedKit.Context()));
        File.Exists(At("fourth.kit")).ShouldBeFalse();
    }

    [SkippableFact]
    public void Without_a_configuration_the_architecture_s_own_is_used()
    {
        kit.Require();
        ZbootKitResult captured = ZbootKitOperation.Definition.Run(
            new ZbootKitOptions
            {
                Source = DebianCache.Require(DebianCache.Source, "linux-source-6.12"),
                Architecture = "arm64",
                Compressions = [ZbootCompression.Gzip],
                Output = At("default.kit"),
            },
            CapturedKit.Context());
        captured.Manifest.Configuration.ShouldBe("defconfig");
        captured.Manifest.StubOptions.ShouldNotBeNull().ShouldBeEmpty();
        captured.View().Notes.ShouldHaveSingleItem().ShouldContain("--config");
        captured.Manifest.Stubs.ShouldHaveSingleItem().Compression.ShouldBe(ZbootCompression.Gzip);
        File.WriteAllBytes(At("Image"), SmallKernel.Image());
        ZbootBuildOperation.Definition.Run(new ZbootBuildOptions { Kit = At("default.kit"), Image = At("Image"), Output = At("vmlinuz.efi") }, CapturedKit.Context())
            .CodeSize.ShouldBe(SmallKernel.CodeSize);
    }

    [SkippableTheory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void Links_the_same_bytes_as_the_kernel_s_own_Makefile_zboot(ZbootCompression compression)
    {
        string kernel = DebianCache.Require(DebianCache.Kernel, "linux-image-6.12*-arm64-unsigned");
        string reference = Reference(compression, kernel);
        ZbootBuildOperation.Definition.Run(
            new ZbootBuildOptions
            {
                Kit = kit.Require(),
                Image = kernel,
                Compression = compression,
                Payload = Path.Combine(reference, "payload"),
                Output = At("vmlinuz.efi"),
            },
            CapturedKit.Context());
        Tool.Run("cmp", At("vmlinuz.efi"), Path.Combine(reference, "vmlinuz.efi"));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string At(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>A folder with what the kernel's build makes of the kit's source and this Image.</summary>
    private string Reference(ZbootCompression compression, string kernel)
    {
        string kitPath = kit.Require();
        string folder = Path.Combine(DebianCache.Root, "references", $"{ZbootKit.Open(kitPath).Sha256}-{compression.ToString().ToLowerInvariant()}");
        if (File.Exists(Path.Combine(folder, "vmlinuz.efi")))
            return folder;
        Tool.Require("hexdump");
        Tool.Require("gzip");
        Tool.Require("zstd");
        RunContext context = CapturedKit.Context();
        StubBuild build = StubBuild.Begin(
            new(DebianCache.Require(DebianCache.Source, "linux-source-6.12"), StubTarget.Arm64), StubTarget.Arm64, _folder.FullName, At("log"),
            DebianCache.Require(DebianCache.Config, "linux-image-6.12*-arm64-unsigned"), 2, context);
        build.Configure(compression, context);
        File.AppendAllText(Path.Combine(build.SourceFolder, "arch/arm64/Makefile"), ReferenceTarget);
        StandInForVmlinux(kernel, Path.Combine(build.BuildFolder, "vmlinux"));
        build.RunMake("zbootref", context);
        string boot = Path.Combine(build.BuildFolder, "arch/arm64/boot");
        Tool.Run("cmp", kernel, Path.Combine(boot, "Image"));
        string unfinished = folder + ".new";
        Directory.CreateDirectory(unfinished);
        File.Copy(Path.Combine(boot, "vmlinuz"), Path.Combine(unfinished, "payload"), overwrite: true);
        File.Copy(Path.Combine(boot, "vmlinuz.efi"), Path.Combine(unfinished, "vmlinuz.efi"), overwrite: true);
        Directory.Move(unfinished, folder);
        return folder;
    }

    // "objcopy -O binary" of it gives the Image again, and nm shows _kernel_codesize, as of the vmlinux it came from.
    private static void StandInForVmlinux(string kernel, string vmlinux)
    {
        byte[] head = File.ReadAllBytes(kernel)[..4096];
        int section = PeReader.Parse(head, new FileInfo(kernel).Length).HeaderOffset + 24 + BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(0x54));
        uint codeSize = BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(section + 8)) + BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(section + 12));
        Tool.Run("aarch64-linux-gnu-objcopy", "-I", "binary", "-O", "elf64-littleaarch64",
            "--rename-section", ".data=.text,load,alloc,readonly,code,contents", "--add-symbol", $"_kernel_codesize=0x{codeSize:x}", kernel, vmlinux);
    }
}
