using KexecSign.Boot.Tests.Lab;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Catalog;
using KexecSign.Commands.Zboot;
using KexecSign.Formats.Zboot;

namespace KexecSign.Boot.Tests;

/// <summary>
/// What is made of a real build folder's kit, beside what that kernel's own build made: the payload of zboot images depends on who compresses,
/// so the kernel's own goes in, and then every byte must be the same.
/// </summary>
[Collection(nameof(LabBench))]
public sealed class KernelBuildLabTests(LabBench bench)
{
    private const string Same = "the same bytes";

    [SkippableTheory]
    [InlineData("6.12", "arm64")]
    [InlineData("6.12", "riscv64")]
    [InlineData("6.1", "arm64")]
    [InlineData(LabKernel.Next, "arm64")]
    public void The_kernel_s_own_payload_gives_the_kernel_s_own_image(string series, string architecture)
    {
        LabKernel.Require(series, architecture);
        string tools = architecture == "riscv64" ? "riscv64-linux-gnu" : "aarch64-linux-gnu", work = bench.Work();
        Command.Require($"{tools}-ld", $"binutils-{tools}");
        foreach (ZbootCompression compression in (ZbootCompression[])[ZbootCompression.Gzip, ZbootCompression.Zstd])
        {
            LabTree tree = LabTree.Require(series, architecture, compression);
            string built = Path.Combine(work, $"{compression}.efi"), extracted = Path.Combine(work, $"{compression}.Image");
            LabBench.Run(OperationCatalog.ZbootBuild, new ZbootBuildOptions { Image = tree.Image, Kit = tree.Kit(work), Compression = compression, Payload = tree.Payload, Output = built });
            LabBench.Run(OperationCatalog.ZbootExtract, new ZbootExtractOptions { Image = tree.Finished, Output = extracted });
            string name = $"{series} {architecture} {compression.ToString().ToLowerInvariant()}";
            bench.Report.Require(
            [
                new("zboot build", $"{name}, of the kernel's own payload", Same, Compared(tree.Finished, built), 0, ""),
                new("zboot extract", $"{name}, of the kernel's own image", Same, Compared(tree.Image, extracted), 0, ""),
            ]);
        }
    }

    // Since 6.2 an Image is padded before it is compressed.
    private static string Compared(string expected, string file)
    {
        byte[] wanted = File.ReadAllBytes(expected), seen = File.ReadAllBytes(file);
        int different = wanted.AsSpan().CommonPrefixLength(seen);
        bool rest = different == wanted.Length && (wanted.Length == seen.Length || (file.EndsWith(".Image", StringComparison.Ordinal) && !seen.AsSpan(different).ContainsAnyExcept((byte)0)));
        return rest ? Same : $"from 0x{different:x} on others";
    }
}
