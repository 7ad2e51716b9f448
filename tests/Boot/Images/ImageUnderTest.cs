using KexecSign.Boot.Tests.Tools;
using KexecSign.Catalog;
using KexecSign.Commands.Bpf;
using KexecSign.Commands.Build;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Zboot;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Formats.Zboot;
using KexecSign.Keys.Keyrings;
using KexecSign.Signing;

namespace KexecSign.Boot.Tests.Images;

/// <summary>
/// Gives the images that the firmware is asked to judge: Debian's kernel as a zboot image, unsigned, and as the whole line
/// makes it, with an inner signature, a parser in .bpf and an outer signature.
/// </summary>
internal sealed class ImageUnderTest(string folder)
{
    /// <summary>The image without a signature.</summary>
    public string Unsigned
    {
        get
        {
            string image = Path.Combine(folder, "unsigned.efi");
            if (!File.Exists(image))
                Run(OperationCatalog.ZbootBuild, new ZbootBuildOptions { Image = DebianKernel.Require(), Kit = StubKit.Require(), Output = image });
            return image;
        }
    }

    /// <summary>The image signed by a key, inside and outside.</summary>
    public string SignedBy(TestKey key)
    {
        string image = Path.Combine(folder, $"signed-by-{key.Name}.efi");
        if (File.Exists(image))
            return image;
        var signing = new SigningOptions { Key = key.KeyFile, Certificate = key.CertificateFile };
        Run(OperationCatalog.Build, new BuildOptions
        {
            Image = DebianKernel.Require(),
            Kit = StubKit.Require(),
            Parser = Parser(),
            Outer = signing,
            Inner = signing,
            Output = image,
        });
        return image;
    }

    /// <summary>
    /// An image as a kernel's build leaves it, signed outside; then its kernel signed by <c>zboot repack</c> and the whole
    /// signed again.
    /// </summary>
    public string RepackedBy(TestKey key, string compression, string command)
    {
        string At(string name) => Path.Combine(folder, $"{compression}-{name}");
        var signing = new SigningOptions { Key = key.KeyFile, Certificate = key.CertificateFile };
        string kernel = DebianKernel.Require();
        // Makefile.zboot: padded to image_size, and with the length behind it unless gzip.
        string script = $"""
            set -e
            size=$(od -An -tu4 -j16 -N4 '{kernel}' | tr -d ' ')
            cp '{kernel}' '{At("padded")}' && truncate -s "$size" '{At("padded")}'
            {command} < '{At("padded")}' > '{At("payload")}'
            [ {compression} = gzip ] || dd if='{kernel}' bs=1 skip=16 count=4 status=none >> '{At("payload")}'
            """;
        (int exit, string output) = Command.Run("bash", "-c", script);
        exit.ShouldBe(0, output);
        Run(OperationCatalog.ZbootBuild, new ZbootBuildOptions
        {
            Image = kernel,
            Kit = StubKit.Require(),
            Payload = At("payload"),
            Output = At("stock.efi"),
            Compression = compression == "gzip" ? ZbootCompression.Gzip : ZbootCompression.Zstd,
        });
        Run(OperationCatalog.Sign, new SignOptions { Files = [At("stock.efi")], Signing = signing, Output = At("stock-signed.efi") });
        Run(OperationCatalog.ZbootRepack, new ZbootRepackOptions { Image = At("stock-signed.efi"), Signing = signing, Output = At("repacked.efi") });
        Run(OperationCatalog.Sign, new SignOptions { Files = [At("repacked.efi")], Signing = signing, Output = At("repacked-signed.efi") });
        return At("repacked-signed.efi");
    }

    /// <summary>The kernel in a stub of Linux 6.1, signed outside.</summary>
    public string InOlderStub(TestKey key, string compression, bool signedInside)
    {
        string At(string name) => Path.Combine(folder, $"older-{compression}-{signedInside}-{name}");
        var signing = new SigningOptions { Key = key.KeyFile, Certificate = key.CertificateFile };
        Run(OperationCatalog.ZbootBuild, new ZbootBuildOptions
        {
            Image = DebianKernel.Require(),
            Kit = StubKit.Require("linux-source-6.1_*_arm64_*.kit"),
            Level = 6,
            Output = At("unsigned.efi"),
            Compression = compression == "gzip" ? ZbootCompression.Gzip : ZbootCompression.Zstd,
            Signing = signedInside ? signing : new(),
        });
        Run(OperationCatalog.Sign, new SignOptions { Files = [At("unsigned.efi")], Signing = signing, Output = At("signed.efi") });
        return At("signed.efi");
    }

    /// <summary>An image with one byte changed in its middle, far from headers and signature.</summary>
    public string Damaged(string image)
    {
        byte[] bytes = File.ReadAllBytes(image);
        bytes[bytes.Length / 2] ^= 1;
        string damaged = Path.Combine(folder, "damaged.efi");
        File.WriteAllBytes(damaged, bytes);
        return damaged;
    }

    private string Parser()
    {
        Command.Require("clang", "clang");
        Command.Require("/usr/sbin/bpftool", "bpftool");
        string parser = Path.Combine(folder, "parser.o");
        Run(OperationCatalog.BpfCompile, new BpfCompileOptions { Parser = "zboot", Abi = "v6", Output = parser });
        return parser;
    }

    private static void Run<TOptions, TResult>(Operation<TOptions, TResult> operation, TOptions options)
        where TOptions : class, new()
        where TResult : Core.Reports.OperationResult
    {
        using var context = new RunContext { Keyring = new Keyring() };
        operation.Run(options, context);
    }
}
